import type { TaskState } from "@coppice/server/router";
import { Badge } from "#components/ui/badge.tsx";
import { TASK_STATE } from "#lib/task/task-state.ts";

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
