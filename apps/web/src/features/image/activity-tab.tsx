import type { TaskSummary } from "@coppice/server/router";
import { useMemo } from "react";
import { TaskTable } from "#features/tasks/task-table.tsx";
import { useRecentTasks } from "#features/tasks/task-watch.tsx";

/** The recent tasks of an image. */
export function ActivityTab({ tasks }: { tasks: readonly TaskSummary[] }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      <TaskTable rows={tasks} />
    </div>
  );
}

/** The recent tasks that an image takes part in. */
export function useImageTasks(spec: string): TaskSummary[] {
  const recent = useRecentTasks().data?.rows;
  return useMemo(() => recent?.filter((task) => concernsImage(task, spec)) ?? [], [recent, spec]);
}

/** Whether `text` names the image itself or one of its snapshots, and not an image whose name begins the same. */
function names(text: string | null | undefined, spec: string): boolean {
  return text === spec || text?.startsWith(`${spec}@`) === true;
}

/** Whether an image took part in a task: as what it made, what it read, what it failed on, or by its title. */
export function concernsImage(task: Pick<TaskSummary, "title" | "result" | "error">, spec: string): boolean {
  return (
    names(task.result?.target, spec) ||
    (task.result?.kind === "clone" && names(task.result.source, spec)) ||
    names(task.error?.object, spec) ||
    task.title.split(/\s+/).some((word) => names(word, spec))
  );
}
