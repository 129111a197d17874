/** Which parts of an image may hold something else than zeroes. */
export class OccupiedRanges {
  /** Undefined: all of it. */
  readonly #ranges: readonly (readonly [start: number, end: number])[] | undefined;
  #at = 0;

  constructor(ranges: readonly (readonly [start: number, end: number])[] | undefined) {
    this.#ranges = ranges;
  }

  /** Whether the range may hold something. Ranges must be asked for in ascending order. */
  touches(offset: number, length: number): boolean {
    if (this.#ranges === undefined) return true;
    while ((this.#ranges[this.#at]?.[1] ?? Number.POSITIVE_INFINITY) <= offset) this.#at++;
    return (this.#ranges[this.#at]?.[0] ?? Number.POSITIVE_INFINITY) < offset + length;
  }
}
