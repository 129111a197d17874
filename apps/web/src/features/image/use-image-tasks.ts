import type { TaskSummary } from "@coppice/server/router";
import { useMemo } from "react";
import { useRecentTasks } from "#features/tasks/use-recent-tasks.ts";
import { concernsImage } from "./concerns-image.ts";

/** The newest tasks that an image took part in. */
export function useImageTasks(spec: string): TaskSummary[] {
  const recent = useRecentTasks().data?.rows;
  return useMemo(() => recent?.filter((task) => concernsImage(task, spec)) ?? [], [recent, spec]);
}
