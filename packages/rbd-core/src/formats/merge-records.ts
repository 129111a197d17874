import { DiffCursor } from "./diff-cursor.ts";
import type { Diff, DiffHeader, DiffRecord } from "./diff-record.ts";
import { FormatError } from "./format-error.ts";

/** What {@link mergeHeaders} and {@link mergeRecords} need of a diff. */
export type MergePart = Pick<Diff, "header" | "records">;

/**
 * The header of two diffs in one.
 *
 * @throws {FormatError} `CHAIN_MISMATCH` unless the second starts at the snapshot that the first leads to.
 */
export function mergeHeaders(first: DiffHeader, second: DiffHeader): DiffHeader {
  if (first.to === undefined || first.to !== second.from) {
    const end = first.to === undefined ? "the head" : JSON.stringify(first.to);
    const start = second.from === undefined ? "nothing" : JSON.stringify(second.from);
    throw new FormatError("CHAIN_MISMATCH", 0, `a diff from ${start} cannot follow one that ends at ${end}`);
  }
  const { from: _, ...rest } = second;
  return first.from === undefined ? rest : { ...rest, from: first.from };
}

/**
 * The extents of two diffs in one, ascending: all of the second, and of the first what the second does not
 * touch. Where the image was smaller in between, the first is taken to be zero, so that what stood there before
 * does not show through; what lies beyond the second's size is left out. `rbd merge-diff` makes the same.
 */
export async function* mergeRecords(
  first: MergePart,
  second: MergePart,
): AsyncGenerator<DiffRecord, void, undefined> {
  const below = new DiffCursor(first.records);
  const above = new DiffCursor(second.records);
  const [size, between] = [second.header.size, first.header.size];
  let [belowEnded, aboveEnded] = [false, false];
  for (;;) {
    if (below.left === 0 && !belowEnded && !(await below.advance())) {
      belowEnded = true;
      if (between < size) below.append(between, size - between);
    }
    if (above.left === 0 && !aboveEnded && !(await above.advance())) aboveEnded = true;
    const start = aboveEnded ? size : above.offset;
    if (below.left > 0 && below.offset < start) {
      yield* below.take(Math.min(below.left, start - below.offset));
    } else if (below.left > 0 && (aboveEnded || below.offset < start + above.left)) {
      await below.drop(aboveEnded ? below.left : Math.min(below.left, start + above.left - below.offset));
    } else if (!aboveEnded) {
      yield* above.take(above.left);
    } else if (belowEnded) {
      return;
    }
  }
}
