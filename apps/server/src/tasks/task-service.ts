import type { TaskListInput, TaskListPage } from "../procedures/tasks/list.schema.ts";
import type { Task } from "./task-view.ts";

/** Long work that outlives the request which asked for it. */
export interface TaskService {
  list(input: TaskListInput): Promise<TaskListPage>;
  /** Throws `TASK_UNKNOWN`. */
  get(id: string): Promise<Task>;
  /** Throws `TASK_UNKNOWN`, or `TASK_ENDED` when there is nothing left to cancel. */
  cancel(id: string): Promise<Task>;
}
