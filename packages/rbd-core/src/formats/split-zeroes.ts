/** A run within a buffer: `zero` when all its bytes are. Offsets and lengths in bytes. */
export interface Run {
  readonly offset: number;
  readonly length: number;
  readonly zero: boolean;
}

const zeroes = Buffer.alloc(64 * 1024);

/**
 * Splits a buffer into alternating runs of data and zeroes. A block counts as zero only when it is whole: `grain`
 * bytes at a multiple of `grain` from the image's beginning, or what is left of one at the buffer's ends.
 *
 * @param at The buffer's own offset in the image.
 * @param grain In bytes, at most 64 KiB.
 */
export function splitZeroes(data: Uint8Array, at: number, grain: number): Run[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const runs: { offset: number; length: number; zero: boolean }[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = Math.min(grain - ((at + offset) % grain), bytes.length - offset);
    const zero = bytes.compare(zeroes, 0, length, offset, offset + length) === 0;
    const last = runs.at(-1);
    if (last?.zero === zero) last.length += length;
    else runs.push({ offset, length, zero });
    offset += length;
  }
  return runs;
}
