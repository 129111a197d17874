import { operatorProcedure } from "../../trpc/procedures.ts";
import { type ClonePlanView, cloneInput } from "./clone.schema.ts";

/** What `clone.start` with the same input would do. Reads the cluster, changes nothing. */
export const plan = operatorProcedure
  .input(cloneInput)
  .query(({ ctx, input, signal }): Promise<ClonePlanView> => ctx.services.clones.plan(input, signal));
