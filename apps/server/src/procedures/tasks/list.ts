import { viewerProcedure } from "../../trpc/procedures.ts";
import { type TaskListPage, taskListInput } from "./list.schema.ts";

/** Tasks, newest first. */
export const list = viewerProcedure
  .input(taskListInput)
  .query(({ ctx, input }): Promise<TaskListPage> => ctx.services.tasks.list(input));
