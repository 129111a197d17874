import type { Task } from "../../tasks/task-view.ts";
import { viewerProcedure } from "../../trpc/procedures.ts";
import { taskIdInput } from "./task-id.schema.ts";

/** One task with its log. */
export const get = viewerProcedure
  .input(taskIdInput)
  .query(({ ctx, input }): Promise<Task> => ctx.services.tasks.get(input.id));
