import type { Clock } from "../base/clock.ts";

/** An account that is under attack is tried at most this often by addresses that are new to it. */
const PAUSE_MS = 1000;

/** How many attempts on one account may wait for their turn. */
const MOST_WAITING = 10;

/**
 * Lets attempts to sign in to one account pass one after the other, with a pause after each. Guessing from many addresses
 * at once is no faster than from one, and the account is never locked.
 */
export class SignInThrottle {
  readonly #clock: Clock;
  /** By account: how many wait or have just passed, and the end of the last one's pause. */
  readonly #queues = new Map<string, { length: number; free: Promise<void> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is the attempt's turn; at once with false when too many wait already. */
  async turn(account: string): Promise<boolean> {
    const queue = this.#queues.get(account) ?? { length: 0, free: Promise.resolve() };
    if (queue.length >= MOST_WAITING) return false;
    this.#queues.set(account, queue);
    queue.length += 1;
    const turn = queue.free;
    queue.free = turn
      .then(() => this.#pause())
      .then(() => {
        queue.length -= 1;
        if (queue.length === 0) this.#queues.delete(account);
      });
    await turn;
    return true;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(PAUSE_MS, resolve);
    });
  }
}
