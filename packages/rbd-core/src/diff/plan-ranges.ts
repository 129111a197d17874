/** Which parts of an image are worth a byte-accurate look: `[start, end)` pairs, ascending, in bytes. */
export type Range = readonly [start: number, end: number];

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
