"use client";

import type { CloneTaskResult, ReconcileTaskResult, TaskState, TaskSummary } from "@coppice/server/router";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, RotateCw } from "lucide-react";
import { useRouter } from "next/navigation";
import { Button } from "#components/ui/button.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { ProgressBar } from "#components/ui/progress.tsx";
import { FactList, SpecText } from "#components/values.tsx";
import { applyTask } from "#features/cluster/cached-data.ts";
import { useLinks } from "#features/cluster/current-cluster.tsx";
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

/** The progress of a task as a bar and in words: phase, share, amount, rate and time left. */
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

/** The state of a task as an icon and a word. */
export function TaskStateBadge({ state }: { state: TaskState }) {
  const { label, icon: Icon, tone } = TASK_STATE[state];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden className={state === "running" ? "animate-spin-slow" : undefined} />
      {label}
    </Badge>
  );
}

/** Cancels a task. Renders nothing when the task has ended or the role of the user does not allow it. */
export function CancelButton({ task, size = "md" }: { task: TaskSummary; size?: "sm" | "md" }) {
  const client = useQueryClient();
  // The server answers with the task in the state "canceling"; an event reports its end.
  const cancel = useMutation(
    trpc.tasks.cancel.mutationOptions({ onSuccess: (canceling) => applyTask(client, canceling) }),
  );
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

/** Starts a task that did not succeed again, and leads to the new one. Renders nothing for other tasks. */
export function RetryButton({ task }: { task: TaskSummary }) {
  const router = useRouter();
  const links = useLinks();
  const retry = useMutation(
    trpc.tasks.retry.mutationOptions({ onSuccess: ({ taskId }) => router.push(links.task(taskId)) }),
  );
  const mayRetry = useMayOperate();
  if (!mayRetry || isActive(task.state) || task.state === "succeeded") return null;
  return (
    <span className="flex items-center gap-2">
      {retry.isError && (
        <span role="alert" className="text-danger text-xs">
          {toProblem(retry.error).message}
        </span>
      )}
      <Button disabled={retry.isPending} focusableWhenDisabled onClick={() => retry.mutate({ id: task.id })}>
        <RotateCw aria-hidden />
        Try again
      </Button>
    </span>
  );
}

/** The result of a clone task. */
export function CloneResult({ result }: { result: CloneTaskResult }) {
  const { snapshot } = result;
  const [image] = result.source.split("@");
  return (
    <div className="rounded-lg border border-brand-line bg-brand-soft p-4">
      <p className="wrap-anywhere mb-3 flex items-start gap-2 font-medium">
        <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-brand" />
        <span>
          <SpecText spec={result.target} /> is ready.
        </span>
      </p>
      <FactList
        facts={[
          ["Cloned from", <SpecText key="from" spec={`${image}@${snapshot.name}`} className="text-xs" />],
          ["Snapshot", `${snapshot.action === "reuse" ? "Reused" : "Created"}: ${snapshot.reason}`],
          ["Protection", protection(result)],
          ["Depth", String(result.depth)],
        ]}
      />
    </div>
  );
}

const OUTCOMES: Record<ReconcileTaskResult["operations"][number]["outcome"], string> = {
  finished: "Finished",
  undone: "Undone",
  skipped: "Skipped",
};

/** What became of the interrupted operations that a task tried. */
export function ReconcileResult({ result: { operations } }: { result: ReconcileTaskResult }) {
  return (
    <div className="rounded-lg border border-brand-line bg-brand-soft p-4">
      {operations.length === 0 ? (
        <p>Nothing was interrupted any more.</p>
      ) : (
        <FactList
          facts={operations.map(({ image, outcome, what }) => [
            OUTCOMES[outcome],
            <span key={image} className="wrap-anywhere">
              <SpecText spec={image} className="text-xs" />: {what}.
            </span>,
          ])}
        />
      )}
    </div>
  );
}

function protection(result: CloneTaskResult): string {
  if (result.protected) return "Added, because clone format 1 requires it";
  return result.cloneFormat === 1 ? "Already protected" : "Not required";
}
