import { operatorProcedure } from "../../trpc/procedures.ts";
import { rebuildInput } from "./rebuild.schema.ts";

/** Queues the rebuild of an image's object maps that cannot be trusted, those of its snapshots too. */
export const rebuild = operatorProcedure
  .input(rebuildInput)
  .mutation(({ ctx, input }): Promise<{ taskId: string }> => {
    ctx.audit.object = input.image;
    return ctx.services.objectMaps.rebuild(input, ctx.user);
  });
