import type { CloneInput, ClonePlanView } from "../procedures/clone/clone.schema.ts";
import type { TaskListInput, TaskListPage } from "../procedures/tasks/list.schema.ts";
import type { Task } from "./task-view.ts";

/** Long work that outlives the request which asked for it. */
export interface TaskService {
  planClone(input: CloneInput, signal: AbortSignal | undefined): Promise<ClonePlanView>;
  startClone(input: CloneInput, user: { id: string; username: string }): Promise<{ taskId: string }>;
  list(input: TaskListInput): Promise<TaskListPage>;
  get(id: string): Promise<Task>;
  cancel(id: string): Promise<Task>;
}
