import type { ImageDetail, TaskSummary } from "@coppice/server/router";
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

type NamedImage = Pick<ImageDetail, "cluster" | "pool" | "namespace" | "name">;

/** The recent tasks that an image takes part in. */
export function useImageTasks(image: NamedImage): TaskSummary[] {
  const recent = useRecentTasks().data?.rows;
  return useMemo(() => recent?.filter((task) => concernsImage(task, image)) ?? [], [recent, image]);
}

/** Whether the image, or one of its snapshots, is what the task makes or changes, or takes part in it otherwise. */
export function concernsImage(task: Pick<TaskSummary, "object" | "related">, image: NamedImage): boolean {
  return [task.object, ...task.related].some(
    (object) =>
      (object.kind === "image" || object.kind === "snapshot") &&
      object.cluster === image.cluster &&
      object.pool === image.pool &&
      object.namespace === image.namespace &&
      object.image === image.name,
  );
}
