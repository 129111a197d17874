import type { Clock, Timer } from "../../src/base/clock.ts";

/** A clock whose hands only move when told. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  constructor(start = Date.parse("2026-03-01T12:00:00Z")) {
    this.#now = start;
  }

  /** Timers that are set and have not rung. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Sets the clock to another time. Timers ring as long after they were set as they were to, as those of the system do. */
  jump(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) timer.at += ms;
  }

  /** Lets time pass, ringing what is due in order, and lets what that set off settle. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = due.at;
      due.run();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything run that is not waiting for time or input. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
