import { z } from "zod";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { headerObject, metadataKey, readOmapValue } from "../headers/index.ts";
import { openImage } from "../image/index.ts";
import type { ImageRow, InventoryRow } from "../inventory/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { defineNote } from "../notes/index.ts";
import type { FlattenUrgency } from "./flatten-queue.ts";

/**
 * The note that an image is to be flattened, in the image's own metadata. A clone inherits the metadata of its parent:
 * the request is for the image with the id in `image` alone.
 */
export const flattenRequestNote = defineNote({
  key: "coppice.flatten",
  schema: z.strictObject({
    version: z.literal(1),
    image: z.string(),
    urgency: z.enum(["first", "later"]),
    requestedAt: z.iso.datetime(),
  }),
  what: "a request to flatten",
  ifUnreadable: "refuse",
});

/** That an image is to be flattened. */
interface FlattenRequestMark {
  urgency: FlattenUrgency;
  requestedAt: Date;
}

export interface RequestFlattenOptions extends CallOptions {
  /** Default `later`. */
  urgency?: FlattenUrgency | undefined;
  /** The clock. Default: the system's. */
  now?: (() => Date) | undefined;
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
  { urgency = "later", now = () => new Date(), signal }: RequestFlattenOptions = {},
): Promise<boolean> {
  signal?.throwIfAborted();
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  await using handle = await openImage(cluster, spec, { signal });
  return await withCoppiceErrors(
    { object, what: `the request to flatten ${object} could not be stored` },
    async () => {
      if ((await handle.parent({ signal })) === null) return false;
      const known = ownRequest(await flattenRequestNote.read(handle), handle.id);
      // The older and the more urgent one stands.
      if (known !== null && (known.urgency === "first" || urgency === "later")) return true;
      signal?.throwIfAborted();
      const requestedAt = now().toISOString();
      await flattenRequestNote.write(handle, { version: 1, image: handle.id, urgency, requestedAt });
      return true;
    },
  );
}

/** Withdraws a request. Returns whether there was one. @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND` */
export async function withdrawFlatten(
  cluster: Cluster,
  image: ImageSpecLike,
  { signal }: CallOptions = {},
): Promise<boolean> {
  signal?.throwIfAborted();
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  await using handle = await openImage(cluster, spec, { signal });
  signal?.throwIfAborted();
  return await withCoppiceErrors({ object }, () => flattenRequestNote.remove(handle));
}

/** Of a note, the request for the image with that id; `null` when the note is inherited from the image's parent. */
function ownRequest(
  note: ReturnType<typeof flattenRequestNote.parse>,
  id: string,
): FlattenRequestMark | null {
  if (note === undefined || note.image !== id) return null;
  return { urgency: note.urgency, requestedAt: new Date(note.requestedAt) };
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
  signal?.throwIfAborted();
  const clones = rows.filter(
    (row): row is ImageRow => row.state === "ok" && row.parent !== null && row.trash === null,
  );
  const found: PendingFlattens = { pending: [], unreadable: [] };
  const read = async ({ pool, namespace, name, id, spec: object }: ImageRow) => {
    const image: ImageSpec = { pool, namespace, image: name };
    try {
      const ioCtx = await cluster.pool(pool, namespace);
      const value = await withCoppiceErrors({ object, what: `${object} could not be read` }, () =>
        readOmapValue(ioCtx, headerObject(id), metadataKey(flattenRequestNote.key), signal),
      );
      const mark = ownRequest(flattenRequestNote.parse(value?.toString(), object), id);
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
