import type { Task } from "../../tasks/task-view.ts";
import { operatorProcedure } from "../../trpc/procedures.ts";
import { taskIdInput } from "./task-id.schema.ts";

/** Asks a task to stop: it is `canceling` until what it had made is undone, then `canceled`. */
export const cancel = operatorProcedure.input(taskIdInput).mutation(({ ctx, input }): Promise<Task> => {
  ctx.audit.object = input.id;
  return ctx.services.tasks.cancel(input.id);
});
