"use client";

import type { TaskSummary } from "@coppice/server/router";
import { Button } from "#components/ui/button.tsx";
import { useMayOperate } from "#features/session/use-session.ts";
import { toProblem } from "#lib/problem.ts";
import { useCancelTask } from "./use-cancel-task.ts";

/** Stops a task that runs; nothing when it cannot be stopped (any more). */
export function CancelButton({ task, size = "md" }: { task: TaskSummary; size?: "sm" | "md" }) {
  const cancel = useCancelTask();
  const mayCancel = useMayOperate();
  if (!mayCancel || (task.state !== "queued" && task.state !== "running")) return null;
  return (
    <span className="flex items-center gap-2">
      {cancel.isError && (
        <span role="alert" className="text-danger text-xs">
          {toProblem(cancel.error).message}
        </span>
      )}
      <Button
        size={size}
        disabled={cancel.isPending}
        focusableWhenDisabled
        onClick={() => cancel.mutate({ id: task.id })}
      >
        Cancel
        <span className="sr-only">{task.title}</span>
      </Button>
    </span>
  );
}
