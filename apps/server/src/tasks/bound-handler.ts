import type { TaskHandler, TaskRun } from "./task-handler.ts";
import type { TaskResult } from "./task-view.ts";

/** A handler that checks the stored input itself, so that the runner need not know its type. */
export interface BoundHandler {
  concurrency: number;
  run(input: unknown, run: TaskRun): Promise<TaskResult>;
  afterCrash(input: unknown): { message: string; hint: string; object: string | null };
  /** What the task works on, as far as its input says. */
  object(input: unknown): string | null;
}

export function bindHandler<Input>(handler: TaskHandler<Input>): BoundHandler {
  return {
    concurrency: handler.concurrency,
    run: async (input, run) => handler.run(handler.input.parse(input), run),
    afterCrash(input) {
      const parsed = handler.input.safeParse(input);
      if (parsed.success) return handler.afterCrash(parsed.data);
      return {
        message: "The server stopped while this was running. What it had made until then may still be there.",
        hint: "Look at the images it worked on before you start it again.",
        object: null,
      };
    },
    object(input) {
      const parsed = handler.input.safeParse(input);
      return parsed.success ? handler.object(parsed.data) : null;
    },
  };
}
