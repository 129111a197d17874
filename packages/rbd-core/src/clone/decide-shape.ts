import { CoppiceError } from "../errors/coppice-error.ts";
import { checkSize } from "../image/check-size.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";

/** How large a clone is to be in the end, and how independent of its source. */
export interface CloneWishes {
  /** Bytes; at least the source's size. Default: the source's size. */
  size?: number | undefined;
  /** Makes the clone independent of its source. Default false. */
  flatten?: boolean | undefined;
  /**
   * How many images the clone may have above it in the end; one that would have more is flattened. 0: it is a full
   * copy. Default: as many as there are.
   */
  maxDepth?: number | undefined;
}

/** What is cloned, as far as that matters for the clone's shape. */
export interface ShapeSource {
  /** With the snapshot, if it is known. */
  spec: ImageSpec;
  /** Bytes, of the snapshot or of the current state. */
  size: number;
  /** How many images are above it. */
  depth: number;
}

export interface CloneShape {
  /** Bytes, in the end. */
  size: number;
  flatten: boolean;
  /** Why it is flattened or why not; one sentence without a full stop. */
  flattenReason: string;
  /** How many images the clone has above it when all is done. */
  depth: number;
}

/**
 * Decides how large a clone becomes, and whether it stays one. Pure.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a size below the source's, or a depth that is no whole number
 */
export function decideShape(target: ImageSpec, source: ShapeSource, wishes: CloneWishes): CloneShape {
  const { size, flatten = false, maxDepth } = wishes;
  const object = showImageSpec(target);
  if (size !== undefined) checkSize("cloneImage", object, size);
  checkMaxDepth(object, maxDepth);
  if (size !== undefined && size < source.size) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "cloneImage",
      object,
      message: `${size} bytes cannot hold ${showImageSpec(source.spec)}, which has ${source.size} bytes`,
      hint: "Leave the size out, or give at least the source's.",
    });
  }
  const depth = source.depth + 1;
  const flattened = flatten || (maxDepth !== undefined && depth > maxDepth);
  return {
    size: size ?? source.size,
    flatten: flattened,
    flattenReason: reasonOf(flatten, depth, maxDepth),
    depth: flattened ? 0 : depth,
  };
}

function checkMaxDepth(object: string, maxDepth: number | undefined): void {
  if (maxDepth === undefined || (Number.isSafeInteger(maxDepth) && maxDepth >= 0)) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "cloneImage",
    object,
    message: `${maxDepth} is not a depth`,
    hint: "Give a whole number; 0 makes full copies.",
  });
}

function reasonOf(flatten: boolean, depth: number, maxDepth: number | undefined): string {
  if (flatten) return "it was asked for";
  if (maxDepth === 0) return "a depth of 0 asks for a full copy";
  const images = `${depth} image${depth === 1 ? "" : "s"} above it`;
  if (maxDepth === undefined) return `it has ${images}, and no limit was given`;
  return depth > maxDepth
    ? `it would have ${images}, and at most ${maxDepth} may be`
    : `it has ${images}, and ${maxDepth} may be`;
}
