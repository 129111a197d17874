import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { headerObject, metadataKey, readOmapValue } from "../headers/index.ts";
import { openImage } from "../image/index.ts";
import type { ImageRow, InventoryRow } from "../inventory/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import type { FlattenUrgency } from "./flatten-queue.ts";

/** The key in the image's own metadata under which its request stands. */
export const flattenRequestKey = "coppice.flatten";

/** That an image is to be flattened, as it is kept with the image. */
interface FlattenRequestMark {
  urgency: FlattenUrgency;
  requestedAt: Date;
}

interface Stored {
  /** Clones inherit their parent's metadata: the request is for the image with this id alone. */
  image: string;
  urgency: FlattenUrgency;
  requestedAt: string;
}

/**
 * Notes in an image's metadata that it is to be flattened. The note is what survives a restart, also of another
 * machine: `pendingFlattens` finds it, and flattening takes it away. An image without a parent gets none.
 * (`rbd_metadata_set`)
 *
 * @returns whether there is something to flatten
 * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`
 */
export async function requestFlatten(
  cluster: Cluster,
  image: ImageSpecLike,
  { urgency = "later", now = () => new Date() }: { urgency?: FlattenUrgency; now?: () => Date } = {},
): Promise<boolean> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  await using handle = await openImage(cluster, spec);
  return await withCoppiceErrors(
    { object, what: `${object} could not be marked to be flattened` },
    async () => {
      if ((await handle.parent()) === null) return false;
      const known = await readFlattenRequest(handle);
      // The older and the more urgent one stands.
      if (known !== null && (known.urgency === "first" || urgency === "later")) return true;
      const stored: Stored = { image: handle.id, urgency, requestedAt: now().toISOString() };
      await handle.setMetadata(flattenRequestKey, JSON.stringify(stored));
      return true;
    },
  );
}

/** Takes a request back. Says whether there was one. @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND` */
export async function withdrawFlatten(cluster: Cluster, image: ImageSpecLike): Promise<boolean> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  await using handle = await openImage(cluster, spec);
  return await withCoppiceErrors({ object }, () => forgetFlattenRequest(handle));
}

/** The request that stands at an open image, `null` when none is its own. */
async function readFlattenRequest(image: Image): Promise<FlattenRequestMark | null> {
  try {
    return parseFlattenRequest(await image.getMetadata(flattenRequestKey), image.id, image.name);
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}

/**
 * What the image's metadata says under {@link flattenRequestKey}; `null` when it was meant for the image it was cloned
 * from.
 *
 * @param object The image, for messages.
 * @throws {CoppiceError} `IO` when that is not a request
 */
function parseFlattenRequest(text: string, id: string, object: string): FlattenRequestMark | null {
  const stored = parse(text, object);
  if (stored.image !== id) return null;
  return { urgency: stored.urgency, requestedAt: new Date(stored.requestedAt) };
}

/** Says whether there was anything to forget. (`rbd_metadata_remove`) */
export async function forgetFlattenRequest(image: Image): Promise<boolean> {
  try {
    await image.removeMetadata(flattenRequestKey);
    return true;
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
}

function parse(text: string, object: string): Stored {
  try {
    const { image, urgency, requestedAt } = JSON.parse(text) as Partial<Stored>;
    const isUrgency = urgency === "first" || urgency === "later";
    if (typeof image === "string" && isUrgency && !Number.isNaN(Date.parse(requestedAt ?? ""))) {
      return { image, urgency, requestedAt: requestedAt ?? "" };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CoppiceError({
    code: "IO",
    call: "readFlattenRequest",
    object,
    message: `the metadata ${flattenRequestKey} of ${object} is not a request to flatten: ${JSON.stringify(text)}`,
    hint: `Remove it: rbd image-meta remove ${object} ${flattenRequestKey}`,
  });
}

export interface PendingFlatten extends FlattenRequestMark {
  image: ImageSpec;
}

export interface PendingFlattens {
  /** Urgent ones first, then by the time they were asked for. */
  pending: PendingFlatten[];
  /** Images whose request could not be read. */
  unreadable: CoppiceError[];
}

/** One small read each. */
const atOnce = 128;

/**
 * Finds the flattens that were requested and have not been done: what to put into a `FlattenQueue` after a start. Only
 * clones are looked at, by one read of their headers; those that were removed meanwhile are passed over.
 *
 * @param rows Of an inventory.
 */
export async function pendingFlattens(
  cluster: Cluster,
  rows: readonly InventoryRow[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<PendingFlattens> {
  const clones = rows.filter(
    (row): row is ImageRow => row.state === "ok" && row.parent !== null && row.trash === null,
  );
  const found: PendingFlattens = { pending: [], unreadable: [] };
  const look = async ({ pool, namespace, name, id, spec: object }: ImageRow) => {
    const image: ImageSpec = { pool, namespace, image: name };
    try {
      const ioCtx = await cluster.pool(pool, namespace);
      const value = await withCoppiceErrors({ object, what: `${object} could not be read` }, () =>
        readOmapValue(ioCtx, headerObject(id), metadataKey(flattenRequestKey), signal),
      );
      const mark = value && parseFlattenRequest(value.toString(), id, object);
      if (mark !== null) found.pending.push({ image, ...mark });
    } catch (error) {
      if (hasCode(error, "NOT_FOUND")) return;
      if (!(error instanceof CoppiceError)) throw error;
      found.unreadable.push(error);
    }
  };
  await forEachLimit(clones, atOnce, look, signal);
  found.pending.sort(
    (a, b) =>
      Number(b.urgency === "first") - Number(a.urgency === "first") ||
      a.requestedAt.getTime() - b.requestedAt.getTime(),
  );
  return found;
}
