import { z } from "zod";
import { operatorProcedure, viewerProcedure } from "../api/procedures.ts";
import { queuedTask } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { taskListInput, taskSchemas } from "./task.ts";
import type { TaskRunner } from "./task-runner.ts";

const taskIdInput = z.object({ id: z.uuid() });

/** `tasks` of the API, for kinds with these results. */
export function tasksRouter<Result extends z.ZodType<{ kind: string }>>(runner: TaskRunner, result: Result) {
  const { task, page } = taskSchemas(result);
  return t.router({
    /** Tasks, newest first. */
    list: viewerProcedure
      .input(taskListInput)
      .output(page)
      .query(({ input }) => runner.list(input)),

    /** One task with its log. */
    get: viewerProcedure
      .input(taskIdInput)
      .output(task)
      .query(({ input }) => runner.get(input.id)),

    /** Asks a task to stop: it is `canceling` until what it had made is undone, then `canceled`. */
    cancel: operatorProcedure
      .input(taskIdInput)
      .output(task)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.id;
        const { object } = await runner.get(input.id);
        ctx.audit.cluster = object.cluster;
        return runner.cancel(input.id);
      }),

    /** Queues a task that failed, was canceled or was interrupted again, with the same input. */
    retry: operatorProcedure
      .input(taskIdInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.id;
        const { object } = await runner.get(input.id);
        ctx.audit.cluster = object.cluster;
        return { taskId: await runner.retry(input.id, ctx.user) };
      }),
  });
}
