import { randomUUID } from "node:crypto";
import type { ServerEvent } from "./server-event.ts";

/** How many events are kept for tabs that reconnect. */
const KEPT = 1000;

interface Numbered {
  id: string;
  event: ServerEvent;
}

/**
 * Sends events to every open tab. Ids are `<start>.<number>`: after a restart the first part differs, so that a tab
 * that reconnects with an old id is told to start over instead of being sent the wrong events.
 */
export class Hub {
  readonly #greet: () => ServerEvent;
  readonly #start = randomUUID().slice(0, 8);
  readonly #kept: Numbered[] = [];
  readonly #mailboxes = new Set<Mailbox<Numbered>>();
  #last = 0;
  #closed = false;

  /** `greet` makes the first event of every new stream, so that a tab has an id to reconnect with. */
  constructor(greet: () => ServerEvent) {
    this.#greet = greet;
  }

  get subscribers(): number {
    return this.#mailboxes.size;
  }

  publish(event: ServerEvent): void {
    this.#last += 1;
    const numbered: Numbered = { id: this.#id(this.#last), event };
    this.#kept.push(numbered);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const mailbox of this.#mailboxes) mailbox.put(numbered);
  }

  /**
   * Events with their ids: a `hello` and everything from now on; or, with `lastEventId`, everything after that event,
   * and a `reset` when the events after it are not kept any more. Ends when `signal` aborts.
   *
   * @throws {DOMException} `AbortError` when the server shuts down
   */
  async *subscribe(options: { lastEventId: string | null; signal: AbortSignal }): AsyncGenerator<Numbered> {
    const mailbox = new Mailbox<Numbered>(KEPT);
    for (const missed of this.#missed(options.lastEventId)) mailbox.put(missed);
    if (this.#closed) mailbox.close();
    this.#mailboxes.add(mailbox);
    const leave = () => mailbox.close();
    options.signal.addEventListener("abort", leave, { once: true });
    try {
      while (!options.signal.aborted) {
        const taken = await mailbox.take();
        if (taken === "closed") break;
        if (taken === "overflowed")
          yield { id: this.#id(this.#last), event: { type: "reset", cluster: null } };
        else yield taken;
      }
    } finally {
      options.signal.removeEventListener("abort", leave);
      this.#mailboxes.delete(mailbox);
    }
    // An orderly end would tell the client not to reconnect. An error makes it reconnect to the next server.
    if (this.#closed) throw new DOMException("The server is shutting down", "AbortError");
  }

  /** Ends every stream. */
  close(): void {
    this.#closed = true;
    for (const mailbox of this.#mailboxes) mailbox.close();
  }

  #id(number: number): string {
    return `${this.#start}.${number}`;
  }

  #missed(lastEventId: string | null): Numbered[] {
    const now = this.#id(this.#last);
    if (lastEventId === null) return [{ id: now, event: this.#greet() }];
    const count = this.#countAfter(lastEventId);
    if (count === null || count > this.#kept.length)
      return [{ id: now, event: { type: "reset", cluster: null } }];
    return this.#kept.slice(this.#kept.length - count);
  }

  /** How many events came after this one; null for an id that this process did not give. */
  #countAfter(id: string): number | null {
    const [start, number] = id.split(".");
    if (start !== this.#start || number === undefined || !/^\d+$/.test(number)) return null;
    const count = this.#last - Number(number);
    return count >= 0 ? count : null;
  }
}

/**
 * A bounded queue with one reader. A reader that is more than `capacity` entries behind loses them and is told so
 * once. Otherwise the queue would grow for as long as a tab sleeps.
 */
class Mailbox<T> {
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

  /** The next entry, as soon as there is one. Entries that wait when the mailbox closes are dropped. */
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
