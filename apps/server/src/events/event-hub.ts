import type { ServerEvent } from "./event.ts";

/** Spreads events to every open tab. */
export interface EventHub {
  publish(event: ServerEvent): void;
  /**
   * Events with their ids: a `hello` and what comes from now on; or, with `lastEventId`, all that came after it (a
   * `reset` when that is not known any more).
   * Ends when `signal` aborts or the server shuts down.
   */
  subscribe(options: {
    lastEventId: string | null;
    signal: AbortSignal;
  }): AsyncIterable<{ id: string; event: ServerEvent }>;
}
