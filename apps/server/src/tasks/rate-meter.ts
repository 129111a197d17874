/** How quickly an old speed is forgotten, in milliseconds. */
const MEMORY_MS = 4000;
/** Steps closer together than this are counted as one: over a shorter time the speed is mostly noise. */
const LEAST_STEP_MS = 250;

/** A smoothed speed: each measurement counts by how long it took, and fades with time. */
export class RateMeter {
  #at: number;
  #done: number;
  #rate: number | null = null;

  constructor(now: number, done = 0) {
    this.#at = now;
    this.#done = done;
  }

  /** Units per second; null until the first measurement. */
  get rate(): number | null {
    return this.#rate;
  }

  /** Tells that `done` units are complete at `now` (milliseconds). */
  update(now: number, done: number): void {
    const elapsed = now - this.#at;
    if (elapsed < LEAST_STEP_MS) return;
    const measured = (Math.max(0, done - this.#done) * 1000) / elapsed;
    const weight = 1 - Math.exp(-elapsed / MEMORY_MS);
    this.#rate = this.#rate === null ? measured : this.#rate + weight * (measured - this.#rate);
    this.#at = now;
    this.#done = done;
  }
}
