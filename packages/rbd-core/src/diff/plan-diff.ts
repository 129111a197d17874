import type { DiffExtents, DiffOptions } from "rbd-native";

/** A run of bytes of an image. */
export interface Extent {
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
  /** False: the bytes are zero now, whatever they were. */
  readonly exists: boolean;
}

/** What a plan needs of an open image: rbd-native's `Image`, standing at the snapshot the diff leads to. */
export interface DiffReader {
  diffIterate(options: DiffOptions): AsyncIterable<DiffExtents>;
}

export interface PlanDiffOptions {
  /** The older snapshot; without it everything that is allocated is reported. */
  readonly from?: string | undefined;
  /** The image's size where it stands, in bytes. */
  readonly size: number;
  readonly objectSize: number;
  /** 1 without striping. */
  readonly stripeCount: number;
  /** Whether the object maps of both ends can be trusted; see `canUseFastDiff`. */
  readonly fastDiff: boolean;
  /** Without `from`: also what a clone still shares with its parent. */
  readonly includeParent?: boolean | undefined;
  /**
   * With trusted object maps and without `from`: the objects that are there, whole. Enough for who finds their holes
   * while reading them.
   */
  readonly wholeObjects?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The extents that changed between a snapshot and where the image stands, ascending, the same as one byte-accurate
 * `rbd_diff_iterate2` gives. Where the object maps can be trusted they are asked first, whole objects at a time,
 * and only changed objects are looked at byte by byte.
 *
 * @returns Batches of extents, none empty. Leaving the loop stops the work.
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
  // One after the other: an image answers one diff at a time.
  for (const [start, end] of ranges ?? [[0, size]]) {
    const exact = image.diffIterate({ ...common(options), offset: start, length: end - start });
    yield* stripeCount === 1 ? inOrder(exact) : sorted(exact, period);
  }
}

/** Undefined when so much changed that one look at everything is the better way. */
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

/** librbd goes through a striped image period by period, and within a period object by object. */
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

/** Which parts of an image are worth a byte-accurate look: `[start, end)` pairs, ascending, in bytes. */
type Range = readonly [start: number, end: number];

/**
 * Two changed parts this many periods apart are looked at in one call: a call has the cost of looking at about
 * that many objects.
 */
const nearby = 16;

/** Beyond this share of changed periods a look at everything at once is the faster one. */
const mostly = 0.5;

/**
 * Collects changed places, in any order within a period and ascending otherwise, into ranges of whole periods. A
 * period is what one turn of the image's striping covers: an object's size without striping.
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

  /** @returns False when so much changed that ranges are of no use any more. */
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
