import type { ServerEvent } from "./event.ts";

/** Spreads events to every open tab. */
export interface EventHub {
  publish(event: ServerEvent): void;
  /**
   * Events with their ids, from now on, or from after `lastEventId` when it is still kept (else a `reset` first).
   * Ends when `signal` aborts or the server shuts down.
   */
  subscribe(options: {
    lastEventId: string | null;
    signal: AbortSignal;
  }): AsyncIterable<{ id: string; event: ServerEvent }>;
}
