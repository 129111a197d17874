import { openImage } from "./image/open-image.ts";
import type { Image } from "./image.ts";
import { native } from "./internal/binding.ts";
import { change, type ProgressOptions } from "./internal/call.ts";
import { checkCount, checkInside, refuse } from "./internal/check.ts";
import type { CopyRef } from "./internal/native-types.ts";

export interface CopyLimits {
  /** Bytes per second; unlimited without it. */
  readonly bytesPerSecond?: number | undefined;
  /** Operations per second on source and target together; unlimited without it. */
  readonly operationsPerSecond?: number | undefined;
}

export interface CopyJobOptions extends CopyLimits {
  /** Operations in flight at the start; the job adapts the number. 32 without it. */
  readonly operations?: number | undefined;
  /** Bytes of data in memory at a time; 64 MiB without it. */
  readonly bytes?: number | undefined;
}

export interface CopyCounters {
  /** Bytes of data that the source's cluster sent. */
  readonly bytesRead: number;
  /** Bytes of data that were sent to the target's. */
  readonly bytesWritten: number;
  /** Bytes made zero on the target. */
  readonly bytesZeroed: number;
  /** Bytes of the plan that are zero on both sides. */
  readonly bytesSkipped: number;
  readonly operations: number;
  /** How many operations may be in flight at present. */
  readonly depth: number;
}

/** An image that is set to a snapshot, from which a copy reads. */
export interface CopySource {
  readonly image: Image;
  /** The snapshot that the handle is set to. */
  readonly snapshotId: bigint;
  /** The size of the blocks that are read and digested, in bytes: a power of two; the image's object size without it. */
  readonly blockSize?: number | undefined;
}

/** Blocks that a plan touched, ascending, each with its digest. */
export interface CopiedBlocks {
  readonly blocks: Float64Array;
  /** 16 bytes for each block: XXH3-128 of its changed bytes. Empty when none were asked for. */
  readonly digests: Uint8Array;
}

export interface CopyExtentsOptions extends ProgressOptions {
  readonly digests?: boolean | undefined;
}

/**
 * Copies bytes between images without passing them through JavaScript. All its {@link copy} calls share one budget of
 * memory and operations; run a few of them at a time, so that the budget is used while one call ends.
 */
export class CopyJob {
  readonly #copy: CopyRef;

  constructor(options: CopyJobOptions = {}) {
    const { operations = 32, bytes = 64 * 1024 ** 2, ...limits } = options;
    checkCount("createCopy", "copy", "operations", operations);
    checkCount("createCopy", "copy", "bytes", bytes);
    this.#copy = native.createCopy(Math.max(1, operations), Math.max(1, bytes));
    this.setLimits(limits);
  }

  /** Takes effect at once, on running copies too. A limit that is left out is removed. */
  setLimits(limits: CopyLimits): void {
    const { bytesPerSecond = 0, operationsPerSecond = 0 } = limits;
    for (const [name, value] of Object.entries({ bytesPerSecond, operationsPerSecond })) {
      if (!Number.isFinite(value) || value < 0)
        refuse("setCopyRates", "copy", `${name} must not be negative`);
    }
    native.setCopyRates(this.#copy, bytesPerSecond, operationsPerSecond);
  }

  counters(): CopyCounters {
    return native.copyCounters(this.#copy);
  }

  /**
   * Reads the extents of a plan and writes them to the target in any order. Zeroes are not sent: the range is zeroed
   * on the target where that is needed. Does not flush. Without a target the blocks are only read and digested.
   *
   * Where the target's handle holds the exclusive lock by {@link Image.acquireExclusiveLock}, and the image is neither
   * a clone, striped, journaled nor encrypted, the changes of each object are one RADOS operation that bypasses librbd. The handle may
   * then still make snapshots, set metadata and be copied to again, but data is read and written through another one:
   * it refuses that.
   *
   * @param extents Four numbers each: offset, length, 1 where the source has data (else 0), 1 where zeroes have to
   * be written because the target may hold something else (else 0). Ascending, within both images.
   * @throws RbdError that names the extent; after an abort the signal's reason when nothing was written to the target,
   * else an RbdError CANCELED with it as its `cause`. Nothing is in flight then.
   */
  async copy(
    source: CopySource,
    target: Image | undefined,
    extents: Float64Array,
    options: CopyExtentsOptions = {},
  ): Promise<CopiedBlocks> {
    const from = source.image[openImage];
    const to = target === undefined ? undefined : target[openImage];
    const end = endOf(extents, from.spec);
    for (const image of to === undefined ? [from] : [from, to]) {
      if (end > image.size) checkInside("copyExtents", image.spec, 0, end, await image.readSize());
    }
    const object = to === undefined ? from.spec : `${from.spec} to ${to.spec}`;
    from.checkUpToDate("copyExtents");
    try {
      return await change(object, options, (operation) =>
        native.copyExtents(
          this.#copy,
          from.handle,
          source.snapshotId,
          source.blockSize ?? 0,
          to?.handle,
          extents,
          options.digests !== false,
          operation,
        ),
      );
    } finally {
      if (to !== undefined && native.isWrittenPast(to.handle)) to.isOutdated = true;
    }
  }
}

/** Checks that the extents ascend, and returns where the last one ends. */
function endOf(extents: Float64Array, object: string): number {
  if (extents.length % 4 !== 0) refuse("copyExtents", object, "extents must be four numbers each");
  let end = 0;
  for (let i = 0; i < extents.length; i += 4) {
    const [offset = -1, length = 0] = extents.subarray(i, i + 2);
    if (
      !(offset >= end && length > 0 && Number.isSafeInteger(offset) && Number.isSafeInteger(offset + length))
    ) {
      refuse("copyExtents", object, "extents must ascend, and none be empty");
    }
    end = offset + length;
  }
  return end;
}
