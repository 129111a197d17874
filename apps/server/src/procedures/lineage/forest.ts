import { viewerProcedure } from "../../trpc/procedures.ts";
import { type LineageForest, lineageForestInput } from "./forest.schema.ts";

/** Every tree of clones at once. */
export const forest = viewerProcedure
  .input(lineageForestInput)
  .query(({ ctx }): Promise<LineageForest> => ctx.services.inventory.forest());
