import { type TrackedEnvelope, tracked } from "@trpc/server";
import { z } from "zod";
import { viewerProcedure } from "../api/procedures.ts";
import { taskSchemas } from "../tasks/task.ts";
import type { Hub } from "./hub.ts";
import { eventSchema } from "./server-event.ts";

const eventsInput = z
  .object({
    /** Set by the client when it reconnects: the id of the last event it saw. */
    lastEventId: z.string().max(64).nullish(),
  })
  .optional();

/** `events` of the API, for tasks with these results: what changes, as it changes. One stream per tab. */
export function eventsProcedure<Result extends z.ZodType<{ kind: string }>>(hub: Hub, result: Result) {
  const event = eventSchema(taskSchemas(result).summary);
  return viewerProcedure
    .input(eventsInput)
    .output(streamOf(event))
    .subscription(({ ctx, input, signal }) =>
      hub.subscribe({
        lastEventId: input?.lastEventId ?? null,
        signal: signal === undefined ? ctx.sessionEnded : AbortSignal.any([signal, ctx.sessionEnded]),
      }),
    );
}

/** The output of a subscription: each entry's event is checked, and sent with its id, so that a client can resume. */
function streamOf<Event extends z.ZodType>(event: Event) {
  return z
    .custom<AsyncIterable<{ id: string; event: unknown }>>(
      (value) => typeof value === "object" && value !== null && Symbol.asyncIterator in value,
    )
    .transform(async function* (entries): AsyncGenerator<TrackedEnvelope<z.output<Event>>, void, unknown> {
      for await (const entry of entries) yield tracked(entry.id, event.parse(entry.event));
    });
}
