import { operatorProcedure } from "../../trpc/procedures.ts";
import { cloneInput } from "./clone.schema.ts";

/** Queues a clone. */
export const start = operatorProcedure
  .input(cloneInput)
  .mutation(({ ctx, input }): Promise<{ taskId: string }> => {
    ctx.audit.object = input.target;
    return ctx.services.clones.start(input, ctx.user);
  });
