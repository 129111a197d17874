import type { DiffExtents, DiffOptions } from "rbd-native";

/** A contiguous range of an image, in bytes. */
export interface Extent {
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
  /** False: the range was discarded and reads as zeros now. */
  readonly exists: boolean;
}

/** What {@link planDiff} needs of an open image: rbd-native's `Image`, set to the end of the diff. */
export interface DiffReader {
  diffIterate(options: DiffOptions): AsyncIterable<DiffExtents>;
}

export interface PlanDiffOptions {
  /** Name of the older snapshot; without it all allocated data is reported. */
  readonly from?: string | undefined;
  /** Size of the image at the end of the diff, in bytes. */
  readonly size: number;
  /** Bytes. */
  readonly objectSize: number;
  /** 1 without striping. */
  readonly stripeCount: number;
  /** Whether the diff can rely on the object maps; see {@link canUseFastDiff}. */
  readonly fastDiff: boolean;
  /** Without `from`: also report the data that a clone shares with its parent. */
  readonly includeParent?: boolean | undefined;
  /**
   * With `fastDiff` and without `from`: report existing objects as a whole. Enough for a caller that reads the data and
   * finds the holes while doing so.
   */
  readonly wholeObjects?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The extents that changed between a snapshot and the point that the image is set to, in ascending order: the result of
 * one byte-accurate `rbd_diff_iterate2` over the whole image. If the object maps can be relied on, they are compared
 * first, and only the changed objects are read.
 *
 * @returns batches of extents, none empty; leaving the loop stops the diff
 * @throws RbdError; the signal's reason
 */
export async function* planDiff(
  image: DiffReader,
  options: PlanDiffOptions,
): AsyncGenerator<readonly Extent[], void, undefined> {
  const { size, objectSize, stripeCount, fastDiff } = options;
  if (size === 0) return;
  const period = objectSize * stripeCount;
  if (options.wholeObjects && fastDiff && options.from === undefined) {
    const objects = image.diffIterate({ ...common(options), offset: 0, length: size, wholeObject: true });
    yield* stripeCount === 1 ? inOrder(objects) : sorted(objects, period);
    return;
  }
  const ranges = fastDiff ? await changedRanges(image, options, period) : undefined;
  // Sequentially, since an image runs one diff at a time.
  for (const [start, end] of ranges ?? [[0, size]]) {
    const exact = image.diffIterate({ ...common(options), offset: start, length: end - start });
    yield* stripeCount === 1 ? inOrder(exact) : sorted(exact, period);
  }
}

/** The ranges with changes; undefined when so much changed that one diff of the whole image is faster. */
async function changedRanges(image: DiffReader, options: PlanDiffOptions, period: number) {
  const plan = new RangePlan(options.size, period);
  const coarse = image.diffIterate({
    ...common(options),
    offset: 0,
    length: options.size,
    wholeObject: true,
  });
  for await (const batch of coarse) {
    for (let i = 0; i < batch.count; i++) if (!plan.add(batch.offset(i), batch.length(i))) return undefined;
  }
  return plan.ranges;
}

function common({ from, includeParent, signal }: PlanDiffOptions): DiffOptions {
  return { from, includeParent, signal };
}

async function* inOrder(batches: AsyncIterable<DiffExtents>): AsyncGenerator<Extent[], void, undefined> {
  for await (const batch of batches) yield extentsOf(batch);
}

/** librbd reports a striped image period by period, and within a period object by object. */
async function* sorted(
  batches: AsyncIterable<DiffExtents>,
  period: number,
): AsyncGenerator<Extent[], void, undefined> {
  const ascending = (extents: Extent[]) => extents.sort((a, b) => a.offset - b.offset);
  let held: Extent[] = [];
  for await (const batch of batches) {
    const extents = held.concat(extentsOf(batch));
    const lastPeriod = Math.floor((extents.at(-1)?.offset ?? 0) / period);
    const first = extents.findIndex(({ offset }) => Math.floor(offset / period) === lastPeriod);
    held = extents.splice(first);
    if (extents.length > 0) yield ascending(extents);
  }
  if (held.length > 0) yield ascending(held);
}

function extentsOf(batch: DiffExtents): Extent[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    offset: batch.offset(i),
    length: batch.length(i),
    exists: batch.exists(i),
  }));
}

/** A part of an image that needs a byte-accurate diff: `[start, end)`, in bytes. */
type Range = readonly [start: number, end: number];

/**
 * Ranges that are at most this many periods apart are merged: a further call costs about as much as the diff of that
 * many objects.
 */
const nearby = 16;

/** With a larger share of changed periods, one diff of the whole image is faster. */
const mostly = 0.5;

/**
 * Merges changed extents into ranges of whole periods. A period is one object set of a striped image, and one object
 * without striping. The extents have to be added in ascending order of their periods.
 */
export class RangePlan {
  readonly #size: number;
  readonly #period: number;
  readonly #ranges: [start: number, end: number][] = [];
  #changed = 0;

  constructor(size: number, period: number) {
    this.#size = size;
    this.#period = period;
  }

  /** @returns false when so much changed that ranges do not pay any more */
  add(offset: number, length: number): boolean {
    const start = Math.floor(offset / this.#period) * this.#period;
    const end = Math.min(this.#size, Math.ceil((offset + length) / this.#period) * this.#period);
    const last = this.#ranges.at(-1);
    this.#changed += Math.max(0, end - Math.max(start, last?.[1] ?? 0));
    if (last !== undefined && start <= last[1] + nearby * this.#period) last[1] = Math.max(last[1], end);
    else this.#ranges.push([start, end]);
    return this.#changed <= this.#size * mostly;
  }

  get ranges(): readonly Range[] {
    return this.#ranges;
  }
}
