import type { TaskSummary } from "@coppice/server/router";
import { TaskTable } from "#features/tasks/task-table.tsx";

/** Tasks of this image among the newest ones. */
export function ActivityTab({ tasks }: { tasks: readonly TaskSummary[] }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      <TaskTable rows={tasks} />
    </div>
  );
}
