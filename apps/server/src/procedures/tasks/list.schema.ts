import { z } from "zod";
import { type TaskSummary, taskState } from "../../tasks/task-view.ts";

export const taskListInput = z
  .object({
    limit: z.int().min(1).max(200).default(50),
    cursor: z.string().max(256).optional(),
    state: taskState.optional(),
  })
  .default({ limit: 50 });

export type TaskListInput = z.output<typeof taskListInput>;

/** Tasks, newest first. */
export interface TaskListPage {
  rows: TaskSummary[];
  nextCursor: string | null;
}
