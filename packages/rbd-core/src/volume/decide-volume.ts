import { CoppiceError } from "../errors/coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";

/** How Cinder is set up by default (`rbd_max_clone_depth`). */
export const defaultMaxDepth = 5;

export interface VolumeWishes {
  /** Bytes; at least the source's size. Default: the source's size. */
  size?: number | undefined;
  /** Makes the volume independent of its source. Default false. */
  flatten?: boolean | undefined;
  /**
   * How many images the volume may have above it in the end; one that would have more is flattened. 0: the volume is
   * a full copy. Default 5.
   */
  maxDepth?: number | undefined;
}

/** What the volume is made from, as far as that matters for what is to be done. */
export interface VolumeSource {
  /** With the snapshot, if one was named. */
  spec: ImageSpec;
  /** Bytes, of the snapshot or of the current state. */
  size: number;
  /** How many images are above the source. */
  depth: number;
}

export interface VolumeDecision {
  /** Bytes. */
  size: number;
  /** Whether the clone has to be enlarged. */
  grow: boolean;
  flatten: boolean;
  /** Why it is flattened or why not; one sentence without a full stop. */
  flattenReason: string;
  /** How many images the volume has above it when all is done. */
  depth: number;
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless it is a whole number of bytes above 0 */
export function checkSize(call: string, object: string, size: number): void {
  if (Number.isSafeInteger(size) && size > 0) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call,
    object,
    message: `${size} is not the size of a volume`,
    hint: "Give a whole number of bytes above 0.",
  });
}

/**
 * Decides how a volume comes out of a snapshot, a volume or a template. Pure.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a size below the source's, or a depth that is no whole number
 */
export function decideVolume(target: ImageSpec, source: VolumeSource, wishes: VolumeWishes): VolumeDecision {
  const object = showImageSpec(target);
  const { size = source.size, flatten = false, maxDepth = defaultMaxDepth } = wishes;
  checkSize("createVolume", object, size);
  if (!Number.isSafeInteger(maxDepth) || maxDepth < 0) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "createVolume",
      object,
      message: `${maxDepth} is not a depth`,
      hint: "Give a whole number; 0 makes full copies.",
    });
  }
  if (size < source.size) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "createVolume",
      object,
      message: `a volume of ${size} bytes cannot hold ${showImageSpec(source.spec)}, which has ${source.size} bytes`,
      hint: "Leave the size out, or give at least the source's.",
    });
  }
  const depth = source.depth + 1;
  const tooDeep = depth > maxDepth;
  return {
    size,
    grow: size > source.size,
    flatten: flatten || tooDeep,
    flattenReason: reasonOf(flatten, depth, maxDepth),
    depth: flatten || tooDeep ? 0 : depth,
  };
}

function reasonOf(flatten: boolean, depth: number, maxDepth: number): string {
  if (flatten) return "it was asked for";
  if (maxDepth === 0) return "a depth of 0 asks for a full copy";
  const images = `${depth} image${depth === 1 ? "" : "s"} above it`;
  return depth > maxDepth
    ? `it would have ${images}, and at most ${maxDepth} may be`
    : `it has ${images}, and ${maxDepth} may be`;
}
