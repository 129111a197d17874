import { type TrackedEnvelope, tracked } from "@trpc/server";
import { z } from "zod";
import { viewerProcedure } from "../api/procedures.ts";
import { clusterId } from "../api/schemas.ts";
import { taskFields, taskSchemas } from "../tasks/task.ts";
import type { Hub } from "./hub.ts";

const eventsInput = z
  .object({
    /** Set by the client when it reconnects: the id of the last event it saw. */
    lastEventId: z.string().max(64).nullish(),
  })
  .optional();

/**
 * What a tab is told, with tasks as `task` describes them.
 *
 * `hello` begins every new stream. A client that holds images of another `scannedAt` fetched them before the stream
 * began, and missed a change (null: the images were not read yet). `inventory` holds the keys of rows that appeared,
 * changed or disappeared. `reset` means that events were missed (the server restarted, or the tab was away too long):
 * fetch again what is on screen, of one cluster or, when `cluster` is null, of all.
 */
function eventSchema<Task extends z.ZodType>(task: Task) {
  return z.discriminatedUnion("type", [
    z.object({
      type: z.literal("hello"),
      clusters: z.array(z.object({ cluster: clusterId, scannedAt: z.string().nullable() })),
    }),
    z.object({ type: z.literal("task"), task }),
    z.object({
      type: z.literal("inventory"),
      cluster: clusterId,
      scannedAt: z.string(),
      changed: z.array(z.string()),
    }),
    z.object({ type: z.literal("reset"), cluster: clusterId.nullable() }),
  ]);
}

const anyEvent = eventSchema(taskFields);

/** What happens in the server and is sent to every tab. */
export type ServerEvent = z.output<typeof anyEvent>;

/** `events` of the API, for tasks with these results: what changes, as it changes. One stream per tab. */
export function eventsProcedure<Result extends z.ZodType<{ kind: string }>>(hub: Hub, result: Result) {
  const event = eventSchema(taskSchemas(result).summary);
  return viewerProcedure
    .input(eventsInput)
    .output(streamOf(event))
    .subscription(({ input, signal }) =>
      hub.subscribe({
        lastEventId: input?.lastEventId ?? null,
        signal: signal ?? new AbortController().signal,
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
