import type { TaskState } from "./task-view.ts";

/** What happens to a task. `aborted`: its work stopped because it was asked to. `lost`: the server went away. */
export type TaskEvent = "start" | "cancel" | "succeed" | "fail" | "aborted" | "lost";

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
  interrupted: {},
};

/** The state after `event`, or null when that cannot happen to a task in this state. */
export function nextState(state: TaskState, event: TaskEvent): TaskState | null {
  return NEXT[state][event] ?? null;
}

/** Whether nothing can happen to the task any more. */
export function isFinal(state: TaskState): boolean {
  return Object.keys(NEXT[state]).length === 0;
}
