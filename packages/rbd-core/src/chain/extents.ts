/** Pieces of an image as offset, length, offset, length, …: ascending, not touching each other. In bytes. */
export type Extents = readonly number[];

/** Sorts pieces that come in any order and joins those that touch or overlap. */
export function normalizeExtents(pieces: Extents): number[] {
  const order = Array.from({ length: pieces.length / 2 }, (_, index) => index * 2);
  order.sort((a, b) => (pieces[a] as number) - (pieces[b] as number));
  const joined: number[] = [];
  for (const at of order) append(joined, pieces[at] as number, pieces[at + 1] as number);
  return joined;
}

export function sumOfExtents(extents: Extents): number {
  let sum = 0;
  for (let at = 1; at < extents.length; at += 2) sum += extents[at] as number;
  return sum;
}

export const union = (a: Extents, b: Extents) => combine(a, b, (inA, inB) => inA || inB);
export const intersection = (a: Extents, b: Extents) => combine(a, b, (inA, inB) => inA && inB);

/** Walks over both at once and keeps the stretches that `keep` says, in time linear in their number. */
function combine(a: Extents, b: Extents, keep: (inA: boolean, inB: boolean) => boolean): number[] {
  const kept: number[] = [];
  let [i, j, at] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const [startA, endA] = piece(a, i);
    const [startB, endB] = piece(b, j);
    const inA = at >= startA;
    const inB = at >= startB;
    const next = Math.min(inA ? endA : startA, inB ? endB : startB);
    if (keep(inA, inB)) append(kept, at, next - at);
    at = next;
    if (at === endA) i += 2;
    if (at === endB) j += 2;
  }
  return kept;
}

function piece(extents: Extents, at: number): [start: number, end: number] {
  if (at >= extents.length) return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const start = extents[at] as number;
  return [start, start + (extents[at + 1] as number)];
}

/** Adds a piece that starts at or after the start of the last one. */
function append(extents: number[], offset: number, length: number): void {
  if (length === 0) return;
  const last = extents.length - 2;
  const lastOffset = extents[last];
  const lastEnd = lastOffset === undefined ? -1 : lastOffset + (extents[last + 1] as number);
  if (offset > lastEnd) extents.push(offset, length);
  else extents[last + 1] = Math.max(lastEnd, offset + length) - (lastOffset as number);
}
