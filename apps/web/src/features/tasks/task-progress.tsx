import type { TaskSummary } from "@coppice/server/router";
import { ProgressBar } from "#components/ui/progress-bar.tsx";
import { progressAmount, progressPercent, progressRate, progressRemaining } from "#lib/task/progress-text.ts";
import { isActive } from "#lib/task/task-state.ts";

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
