"use client";

import type { TaskState, TaskSummary } from "@coppice/server/router";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "#components/ui/button.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { ProgressBar } from "#components/ui/progress.tsx";
import { applyTask } from "#features/cluster/cached-data.ts";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import {
  isActive,
  progressAmount,
  progressPercent,
  progressRate,
  progressRemaining,
  TASK_STATE,
} from "#lib/task.ts";

/** A bar, and beside it in words: phase, amount, rate, time left. */
export function TaskProgress({ task }: { task: TaskSummary }) {
  const facts = [progressAmount(task), progressRate(task), progressRemaining(task)].filter(
    (fact) => fact !== null,
  );
  return (
    <div>
      <div className="mb-1.5 flex items-baseline justify-between gap-3 text-xs">
        <span className="truncate text-ink-2">
          {task.phase ?? (task.state === "queued" ? "Waiting" : "Starting")}
        </span>
        <span className="shrink-0 font-medium tabular-nums">{progressPercent(task) ?? ""}</span>
      </div>
      <ProgressBar
        label={task.title}
        done={task.done}
        total={isActive(task.state) ? task.total : (task.total ?? 1)}
        tone={task.state === "failed" ? "danger" : task.state === "canceled" ? "neutral" : "brand"}
      />
      <p className="mt-1.5 text-ink-3 text-xs tabular-nums">{facts.join(" · ")}</p>
    </div>
  );
}

/** A task's state: icon, word and tone. */
export function TaskStateBadge({ state }: { state: TaskState }) {
  const { label, icon: Icon, tone } = TASK_STATE[state];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden className={state === "running" ? "animate-spin-slow" : undefined} />
      {label}
    </Badge>
  );
}

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

/** Asks the server to stop a task. It answers at once with the task *canceling*; the end comes as an event. */
export function useCancelTask() {
  const client = useQueryClient();
  return useMutation(trpc.tasks.cancel.mutationOptions({ onSuccess: (task) => applyTask(client, task) }));
}
