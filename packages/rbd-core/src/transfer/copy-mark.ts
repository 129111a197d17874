import type { Image } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode } from "../errors/to-coppice-error.ts";
import { headerObject } from "../headers/object-names.ts";
import { openImage } from "../image/open-image.ts";
import { type HeldLock, lockObject } from "../lock/object-lock.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { newHeadName } from "./head-snapshot.ts";
import { refuseOthers } from "./hold-target.ts";
import { type ImageIdentity, isSameImage } from "./image-identity.ts";
import { readNote, writeNote } from "./image-note.ts";

const schema = z.strictObject({
  version: z.literal(1),
  fsid: z.string(),
  poolId: z.number(),
  imageId: z.string(),
  /** The snapshot of the source that stands for its head. */
  head: z.string().min(1),
  /** Nothing is left to do but to remove that snapshot, and this. */
  isWhole: z.boolean(),
});

/** Metadata of an image that is being made a copy of another, as a whole: of which, by ids. */
export type CopyMark = z.infer<typeof schema>;

const key = "coppice.copy-image";
const leaseSeconds = 5;

/** An image that is being filled by this process alone. Disposing lets go of it. */
export interface MarkedImage extends AsyncDisposable {
  readonly mark: CopyMark;
}

/**
 * Marks an image that was just made.
 *
 * @throws {CoppiceError}; RbdError
 */
export async function markNew(
  cluster: Cluster,
  place: ImageSpec,
  source: ImageIdentity,
  signal?: AbortSignal,
): Promise<MarkedImage> {
  await using image = await openImage(cluster, place);
  const lock = await lockTarget(cluster, place, image.id, signal);
  try {
    const { fsid, poolId, imageId } = source;
    const mark: CopyMark = { version: 1, fsid, poolId, imageId, head: newHeadName(), isWhole: false };
    await writeMark(image, mark);
    return { mark, [Symbol.asyncDispose]: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Takes over what an interrupted copy of the same image has left.
 *
 * @returns Undefined when there is no image of that name.
 * @throws {CoppiceError} `EXISTS` when it is anything else, `BUSY` while another process is at it.
 */
export async function takeOver(
  cluster: Cluster,
  place: ImageSpec,
  source: ImageIdentity,
  signal?: AbortSignal,
): Promise<MarkedImage | undefined> {
  let image: Image;
  try {
    image = await openImage(cluster, place, { readOnly: true });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
  await using _ = image;
  const isOurs = (mark: CopyMark | undefined): mark is CopyMark =>
    mark !== undefined && isSameImage(mark, source);
  if (!isOurs(await readNote(image, key, schema))) throw existsAlready(place);
  const lock = await lockTarget(cluster, place, image.id, signal);
  try {
    // Whoever held it may have come to the end meanwhile.
    const mark = await readNote(image, key, schema);
    if (!isOurs(mark)) throw existsAlready(place);
    refuseOthers((await image.listWatchers({ signal })).length, showImageSpec(place));
    return { mark, [Symbol.asyncDispose]: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

export async function writeMark(image: Image, mark: CopyMark): Promise<void> {
  await writeNote(image, key, mark);
}

/** The image is nobody's any more. */
export async function removeMark(image: Image): Promise<void> {
  await image.removeMetadata(key);
}

async function lockTarget(
  cluster: Cluster,
  place: ImageSpec,
  id: string,
  signal: AbortSignal | undefined,
): Promise<HeldLock> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const lock = await lockObject(ioCtx, headerObject(id), {
    name: "coppice.copy",
    description: "filling a new image",
    leaseSeconds,
    // Of a process that died, the lease runs out meanwhile.
    patienceSeconds: leaseSeconds + 1,
    signal,
  });
  if (lock !== null) return lock;
  const spec = showImageSpec(place);
  throw new CoppiceError({
    code: "BUSY",
    call: "copyImage",
    object: spec,
    message: `${spec} is being copied to by another process`,
    hint: "Wait for it to end.",
  });
}

function existsAlready(place: ImageSpec): CoppiceError {
  const spec = showImageSpec(place);
  return new CoppiceError({
    code: "EXISTS",
    call: "copyImage",
    object: spec,
    message: `${spec} is there already`,
    hint: "Choose another name.",
  });
}
