import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { headerObject, metadataKey, readOmapValue } from "../headers/index.ts";
import { openImage } from "../image/index.ts";
import type { ImageRow, InventoryRow } from "../inventory/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import type { FlattenUrgency } from "./flatten-queue.ts";

/** The key of the request in the image's own metadata. */
export const flattenRequestKey = "coppice.flatten";

/** A request to flatten an image, as it is stored with the image. */
interface FlattenRequestMark {
  urgency: FlattenUrgency;
  requestedAt: Date;
}

interface Stored {
  /** The id of the image: clones inherit their parent's metadata, and the request is not for them. */
  image: string;
  urgency: FlattenUrgency;
  requestedAt: string;
}

/**
 * Notes in an image's metadata that it has to be flattened. The note survives a restart, and is visible to other machines:
 * `pendingFlattens` finds it, and flattening removes it. An image without a parent gets none. (`rbd_metadata_set`)
 *
 * @returns whether the image has a parent, and so has to be flattened
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
    { object, what: `the request to flatten ${object} could not be stored` },
    async () => {
      if ((await handle.parent()) === null) return false;
      const known = await readFlattenRequest(handle);
      // An older request stays, unless the new one is more urgent.
      if (known !== null && (known.urgency === "first" || urgency === "later")) return true;
      const stored: Stored = { image: handle.id, urgency, requestedAt: now().toISOString() };
      await handle.setMetadata(flattenRequestKey, JSON.stringify(stored));
      return true;
    },
  );
}

/** Withdraws a request. Returns whether there was one. @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND` */
export async function withdrawFlatten(cluster: Cluster, image: ImageSpecLike): Promise<boolean> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  await using handle = await openImage(cluster, spec);
  return await withCoppiceErrors({ object }, () => forgetFlattenRequest(handle));
}

/** The request in the metadata of an open image; `null` when there is none for this image. */
async function readFlattenRequest(image: Image): Promise<FlattenRequestMark | null> {
  try {
    return parseFlattenRequest(await image.getMetadata(flattenRequestKey), image.id, image.name);
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}

/**
 * Parses the value of {@link flattenRequestKey}; `null` when it is the request of the image that this one was cloned
 * from.
 *
 * @param object The image, for messages.
 * @throws {CoppiceError} `IO` when it is not a request
 */
function parseFlattenRequest(text: string, id: string, object: string): FlattenRequestMark | null {
  const stored = parse(text, object);
  if (stored.image !== id) return null;
  return { urgency: stored.urgency, requestedAt: new Date(stored.requestedAt) };
}

/** Removes the request. Returns whether there was one. (`rbd_metadata_remove`) */
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
  /** Urgent ones first, then by the time of the request. */
  pending: PendingFlatten[];
  /** Images whose request could not be read. */
  unreadable: CoppiceError[];
}

/** Of the headers. */
const readsAtOnce = 128;

/**
 * Finds the flattens that were requested and have not been done, for the queue after a start. Only the headers of clones
 * are read, one read each; clones that were removed meanwhile are skipped.
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
  const read = async ({ pool, namespace, name, id, spec: object }: ImageRow) => {
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
  await forEachLimit(clones, readsAtOnce, read, signal);
  found.pending.sort(
    (a, b) =>
      Number(b.urgency === "first") - Number(a.urgency === "first") ||
      a.requestedAt.getTime() - b.requestedAt.getTime(),
  );
  return found;
}
