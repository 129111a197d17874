import type { IoCtx } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { type ImageHeader, ignoreNotFound, readHeader, readImageId } from "../../headers/index.ts";
import { hasHeader, openImage } from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import { newHeadName } from "../head-snapshot.ts";
import { existsAlready, leaseNewImage } from "../new-image.ts";
import { type ImageIdentity, isSameImage } from "../source.ts";
import { type HeaderChange, writeHeader } from "../target/change-header.ts";
import { refuseOthers } from "../target/open-target.ts";
import { parseNote } from "../target/point-record.ts";

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
type CopyMark = z.infer<typeof schema>;

const key = "coppice.copy-image";

/** An image that is being filled by this process alone. Disposing lets go of it. */
export interface MarkedImage extends AsyncDisposable {
  readonly ioCtx: IoCtx;
  readonly id: string;
  readonly mark: CopyMark;
  /** Whether nothing was copied to it yet. */
  readonly isBare: boolean;
}

/** Whether an image is as a copy makes it: with nothing in it. */
export type IsBare = (header: ImageHeader) => boolean;

/**
 * Marks an image that was just made.
 *
 * @throws {CoppiceError} `EXISTS` when somebody else used it meanwhile, `BUSY`; RbdError
 */
export async function markNew(
  cluster: Cluster,
  place: ImageSpec,
  source: ImageIdentity,
  isBare: IsBare,
  signal?: AbortSignal,
): Promise<MarkedImage> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const id = await readImageId(ioCtx, place.image, signal);
  return await claim({ ioCtx, place, id, source, isBare }, signal);
}

/**
 * Takes over what an interrupted copy of the same image has left: also an image that it had no time to mark, in which
 * there is nothing yet.
 *
 * @returns Undefined when there is no image of that name.
 * @throws {CoppiceError} `EXISTS` when it is anything else, `BUSY` while another process is at it.
 */
export async function takeOver(
  cluster: Cluster,
  place: ImageSpec,
  source: ImageIdentity,
  isBare: IsBare,
  signal?: AbortSignal,
): Promise<MarkedImage | undefined> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const id = await ignoreNotFound(() => readImageId(ioCtx, place.image, signal));
  // What is half made cannot be a copy: creating the image says what it is.
  if (id === null || !(await hasHeader(ioCtx, id))) return undefined;
  const marked = await claim({ ioCtx, place, id, source, isBare }, signal);
  try {
    await using image = await openImage(cluster, place, { readOnly: true });
    refuseOthers((await image.listWatchers({ signal })).length, showImageSpec(place));
    return marked;
  } catch (error) {
    await marked[Symbol.asyncDispose]();
    throw error;
  }
}

interface Claim {
  readonly ioCtx: IoCtx;
  readonly place: ImageSpec;
  readonly id: string;
  readonly source: ImageIdentity;
  readonly isBare: IsBare;
}

/** Looks before it takes the lock, and after: whoever held it may have come to the end meanwhile. */
async function claim(wanted: Claim, signal: AbortSignal | undefined): Promise<MarkedImage> {
  const { ioCtx, place, id, source } = wanted;
  await examine(wanted, signal);
  const lock = await leaseNewImage("copy", ioCtx, place, id, signal);
  try {
    const { found, isBare } = await examine(wanted, signal);
    const mark = found ?? newMark(source);
    if (found === undefined) await writeHeader(ioCtx, id, [noteMark(mark)]);
    return { ioCtx, id, mark, isBare, [Symbol.asyncDispose]: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** @throws {CoppiceError} `EXISTS` for an image that is neither marked nor bare. */
async function examine(
  { ioCtx, place, id, source, isBare }: Claim,
  signal: AbortSignal | undefined,
): Promise<{ readonly found: CopyMark | undefined; readonly isBare: boolean }> {
  const read = await readHeader(ioCtx, id, signal);
  const mark = parseNote(read?.metadata(key), schema);
  const bare = read !== null && isBare(read.header);
  if (mark !== undefined && isSameImage(mark, source)) return { found: mark, isBare: bare };
  if (bare && !read.hasMetadata) return { found: undefined, isBare: true };
  throw existsAlready(place, "copyImage");
}

function newMark({ fsid, poolId, imageId }: ImageIdentity): CopyMark {
  return { version: 1, fsid, poolId, imageId, head: newHeadName(), isWhole: false };
}

export function noteMark(mark: CopyMark): HeaderChange {
  return { type: "set", key, value: JSON.stringify(mark) };
}

/** The image is nobody's any more. */
export const removeMark: HeaderChange = { type: "remove", key };
