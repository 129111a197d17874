import { type TrackedEnvelope, tracked } from "@trpc/server";
import type { ServerEvent } from "../../events/event.ts";
import { viewerProcedure } from "../../trpc/procedures.ts";
import { eventsInput } from "./events.schema.ts";

/** What changes, as it changes. One stream per tab; a client that reconnects gets what it missed. */
export const events = viewerProcedure.input(eventsInput).subscription(async function* ({
  ctx,
  input,
  signal,
}): AsyncGenerator<TrackedEnvelope<ServerEvent>, void, unknown> {
  const ended = signal ?? new AbortController().signal;
  const stream = ctx.services.events.subscribe({ lastEventId: input?.lastEventId ?? null, signal: ended });
  for await (const { id, event } of stream) yield tracked(id, event);
});
