import { randomUUID } from "node:crypto";
import type { ServerEvent } from "./events.ts";
import { Mailbox } from "./mailbox.ts";

/** How many events are kept for tabs that reconnect. */
const KEPT = 1000;

interface Numbered {
  id: string;
  event: ServerEvent;
}

/**
 * Spreads events within this process. Ids are `<start>.<number>`: after a restart the first part differs, so a
 * tab that comes back with an old id is told to start over instead of being given the wrong events.
 */
export class Hub {
  readonly #greet: () => ServerEvent;
  readonly #start = randomUUID().slice(0, 8);
  readonly #kept: Numbered[] = [];
  readonly #mailboxes = new Set<Mailbox<Numbered>>();
  #last = 0;
  #closed = false;

  /** `greet` makes the first event of every new stream, so that a tab has an id to come back with. */
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
    // An orderly end would tell the client not to come back; breaking off makes it reconnect to the next server.
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

  /** How many events came after this one; null for an id that is none of ours. */
  #countAfter(id: string): number | null {
    const [start, number] = id.split(".");
    if (start !== this.#start || number === undefined || !/^\d+$/.test(number)) return null;
    const count = this.#last - Number(number);
    return count >= 0 ? count : null;
  }
}
