import { CoppiceError } from "rbd-core";
import { toUserError } from "../errors/to-user-error.ts";
import { SHUTDOWN } from "./abort-reasons.ts";
import type { TaskEvent } from "./task-state.ts";
import type { TaskError } from "./task-view.ts";

/** How a task's work came to stop without a result. */
export interface TaskEnding {
  event: Extract<TaskEvent, "aborted" | "lost" | "fail">;
  error?: TaskError;
}

/**
 * Tells a stop that was asked for from a failure. Work that was asked to stop and then failed for another reason
 * (it could not undo what it had made, say) has failed: calling it canceled would hide what is left.
 */
export function taskEnding(error: unknown, signal: AbortSignal, object: string | null): TaskEnding {
  if (signal.aborted && isStop(error, signal)) {
    if (signal.reason !== SHUTDOWN) return { event: "aborted" };
    return {
      event: "lost",
      error: {
        code: "INTERRUPTED",
        message: "The server was shut down while this was running. What it had made until then was undone.",
        hint: "Start it again.",
        object,
      },
    };
  }
  const { code, message, hint, object: where } = toUserError(error);
  return { event: "fail", error: { code, message, hint, object: where ?? object } };
}

function isStop(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason) return true;
  if (error instanceof CoppiceError) return error.code === "CANCELED";
  return error instanceof Error && error.name === "AbortError";
}
