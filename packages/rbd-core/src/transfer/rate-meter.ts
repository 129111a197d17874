/** About how far back a rate looks, in milliseconds. */
const memory = 5000;
/** Less time than this says nothing about a rate. */
const least = 100;

/** How fast bytes come, smoothed over some seconds. */
export class RateMeter {
  readonly #now: () => number;
  #last: { readonly at: number; readonly bytes: number } | undefined;
  #rate: number | undefined;

  /** @param now Milliseconds of a clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * @param bytes All so far.
   * @returns Bytes a second; 0 until there is something to tell it from.
   */
  update(bytes: number): number {
    const at = this.#now();
    this.#last ??= { at, bytes };
    const elapsed = at - this.#last.at;
    if (elapsed >= least) {
      const recent = ((bytes - this.#last.bytes) / elapsed) * 1000;
      const before = this.#rate ?? recent;
      this.#rate = before + (recent - before) * (1 - Math.exp(-elapsed / memory));
      this.#last = { at, bytes };
    }
    return this.#rate ?? 0;
  }
}
