import { z } from "zod";

export const TASK_STATES = [
  "queued",
  "running",
  "canceling",
  "canceled",
  "succeeded",
  "failed",
  "interrupted",
] as const;

/** Where a task is. The last four are final. */
export type TaskState = (typeof TASK_STATES)[number];
export const taskState = z.enum(TASK_STATES);

export const TASK_KINDS = ["clone", "rebuild-object-map"] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export type TaskUnit = "bytes" | "steps" | "objects";

/** What a finished clone made. */
export interface CloneTaskResult {
  kind: "clone";
  /** Spec of the new image. */
  target: string;
  /** Spec of the image it was cloned from. */
  source: string;
  snapshot: { name: string; action: "reuse" | "create"; reason: string };
  protected: boolean;
  cloneFormat: 1 | 2;
  depth: number;
}

/** What a finished rebuild of object maps mended. */
export interface RebuildTaskResult {
  kind: "rebuild-object-map";
  /** Spec of the image. */
  target: string;
  /** The snapshots whose maps were rebuilt, oldest first; `null` is the image itself. Empty: none needed it. */
  rebuilt: (string | null)[];
}

export type TaskResult = CloneTaskResult | RebuildTaskResult;

/** Why a task ended badly, in words for a person. */
export interface TaskError {
  code: string;
  message: string;
  hint: string | null;
  /** The image or snapshot it happened on, as far as known. */
  object: string | null;
}

/** A task without its log. */
export interface TaskSummary {
  id: string;
  kind: TaskKind;
  title: string;
  state: TaskState;
  phase: string | null;
  done: number;
  /** Null while not known. */
  total: number | null;
  unit: TaskUnit;
  /** Units per second, smoothed; null while not known. */
  rate: number | null;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
  /** Username of who asked for it. */
  user: string;
  result?: TaskResult;
  error?: TaskError;
}

export interface TaskLogLine {
  at: string;
  text: string;
}

/** A task with its log, oldest line first. */
export interface Task extends TaskSummary {
  log: TaskLogLine[];
}
