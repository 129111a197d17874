import { parseImageSpec } from "rbd-core";
import { z } from "zod";
import { clusterId } from "../api/schemas.ts";

export const TASK_STATES = [
  "queued",
  "running",
  "canceling",
  "canceled",
  "succeeded",
  "failed",
  "interrupted",
] as const;

export const taskState = z.enum(TASK_STATES);
export const taskUnit = z.enum(["bytes", "steps", "objects"]);

/**
 * What a task works on. `spec` is how people write it: `pool/[namespace/]image`, `pool/[namespace/]image@snapshot`,
 * the pool's name, or the cluster's id. `namespace` is "" for the default one.
 */
export const taskObject = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("image"),
    cluster: clusterId,
    spec: z.string(),
    pool: z.string(),
    namespace: z.string(),
    image: z.string(),
  }),
  z.object({
    kind: z.literal("snapshot"),
    cluster: clusterId,
    spec: z.string(),
    pool: z.string(),
    namespace: z.string(),
    image: z.string(),
    snapshot: z.string(),
  }),
  z.object({ kind: z.literal("pool"), cluster: clusterId, spec: z.string(), pool: z.string() }),
  z.object({ kind: z.literal("cluster"), cluster: clusterId, spec: z.string() }),
]);

/** Why a task ended badly, in words for a person. `object` is the spec it happened on, as far as known. */
export const taskError = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  object: z.string().nullable(),
});

const taskLogLine = z.object({ at: z.string(), text: z.string() });

/**
 * A task without its log, as the tables, the runner and the event stream carry it. What `kind` and `result` can be is
 * said by the list of kinds (`TaskKind`), which this module does not know; `taskSchemas` adds it.
 */
export const taskFields = z.object({
  id: z.uuid(),
  kind: z.string(),
  /** One line for people. Programs use `object` and `related`. */
  title: z.string(),
  /** What the task makes or changes. */
  object: taskObject,
  /** What else takes part: the source of a clone. */
  related: z.array(taskObject),
  state: taskState,
  phase: z.string().nullable(),
  done: z.number(),
  /** Null while not known. */
  total: z.number().nullable(),
  unit: taskUnit,
  /** Units per second, smoothed; null while not known. */
  rate: z.number().nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** Username of the person who started it. */
  user: z.string(),
  result: z.unknown().optional(),
  error: taskError.exactOptional(),
});

/** The schemas of what is sent about tasks, for kinds with these results. */
export function taskSchemas<Result extends z.ZodType<{ kind: string }>>(result: Result) {
  const summary = taskFields.extend({ result: z.unknown().pipe(result).exactOptional() });
  return {
    summary,
    /** A task with its log, oldest line first. */
    task: summary.extend({ log: z.array(taskLogLine) }),
    /** Tasks, newest first. */
    page: z.object({ rows: z.array(summary), nextCursor: z.string().nullable() }),
  };
}

export const taskListInput = z
  .object({
    limit: z.int().min(1).max(200).default(50),
    cursor: z.string().max(256).optional(),
    state: taskState.optional(),
    /** Only tasks on this cluster. */
    cluster: clusterId.optional(),
  })
  .default({ limit: 50 });

/** Where a task is. In the last four its work has ended. */
export type TaskState = (typeof TASK_STATES)[number];
export type TaskUnit = z.output<typeof taskUnit>;
export type TaskObject = z.output<typeof taskObject>;
export type TaskError = z.output<typeof taskError>;
export type TaskLogLine = z.output<typeof taskLogLine>;
export type TaskSummary = z.output<typeof taskFields>;
export type TaskListInput = z.output<typeof taskListInput>;

/** The image or snapshot called `spec`. @throws {CoppiceError} `INVALID_NAME` */
export function imageObject(cluster: string, spec: string): TaskObject {
  const { pool, namespace = "", image, snapshot } = parseImageSpec(spec);
  const place = { cluster, spec, pool, namespace, image };
  return snapshot === undefined ? { kind: "image", ...place } : { kind: "snapshot", ...place, snapshot };
}

/**
 * What happens to a task. `aborted`: its work stopped because it was asked to. `lost`: the server or its connection to the
 * cluster went away. `completed`: what a lost task was to make is whole after all.
 */
export type TaskEvent = "start" | "cancel" | "succeed" | "fail" | "aborted" | "lost" | "completed";

const NEXT: Readonly<Record<TaskState, Readonly<Partial<Record<TaskEvent, TaskState>>>>> = {
  queued: { start: "running", cancel: "canceled" },
  running: { cancel: "canceling", succeed: "succeeded", fail: "failed", lost: "interrupted" },
  // A task may be finished before it notices that it should stop; then it did what it was asked for.
  canceling: {
    cancel: "canceling",
    aborted: "canceled",
    succeed: "succeeded",
    fail: "failed",
    lost: "interrupted",
  },
  canceled: {},
  succeeded: {},
  failed: {},
  interrupted: { completed: "succeeded" },
};

/** The state after `event`, or null when that cannot happen to a task in this state. */
export function nextState(state: TaskState, event: TaskEvent): TaskState | null {
  return NEXT[state][event] ?? null;
}

/** Whether the task's work has ended. */
export function isFinal(state: TaskState): boolean {
  return nextState(state, "cancel") === null;
}
