/**
 * A bounded queue with one reader. A reader too slow for `capacity` entries loses what is waiting and is told so
 * once, instead of the queue growing for as long as a tab sleeps.
 */
export class Mailbox<T> {
  readonly #capacity: number;
  #waiting: T[] = [];
  #overflowed = false;
  #closed = false;
  #wake: (() => void) | null = null;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  put(entry: T): void {
    if (this.#closed) return;
    if (this.#waiting.length >= this.#capacity) {
      this.#waiting = [];
      this.#overflowed = true;
    } else if (!this.#overflowed) {
      this.#waiting.push(entry);
    }
    this.#wake?.();
  }

  /** The next entry, as soon as there is one. What was waiting when the box closed is not handed out any more. */
  async take(): Promise<T | "overflowed" | "closed"> {
    for (;;) {
      if (this.#closed) return "closed";
      if (this.#overflowed) {
        this.#overflowed = false;
        return "overflowed";
      }
      const next = this.#waiting.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#wake?.();
  }
}
