import { z } from "zod";
import { clusterId } from "../api/schemas.ts";
import { taskFields } from "../tasks/task.ts";

/**
 * What a tab is told, with tasks as `task` describes them.
 *
 * `hello` begins every new stream. A client that holds images of another `scannedAt` fetched them before the stream
 * began, and missed a change (null: the images were not read yet). `inventory` holds the keys of rows that appeared,
 * changed or disappeared. `policy`: a policy, or a run of it, has changed. `reset` means that events were missed (the server restarted, or the tab was away too long):
 * fetch again what is on screen, of one cluster or, when `cluster` is null, of all.
 */
export function eventSchema<Task extends z.ZodType>(task: Task) {
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
    z.object({ type: z.literal("policy"), id: z.string() }),
    z.object({ type: z.literal("reset"), cluster: clusterId.nullable() }),
  ]);
}

const anyEvent = eventSchema(taskFields);

/** What happens in the server and is sent to every tab. */
export type ServerEvent = z.output<typeof anyEvent>;
