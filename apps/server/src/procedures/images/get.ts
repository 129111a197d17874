import { viewerProcedure } from "../../trpc/procedures.ts";
import { type ImageDetail, imageGetInput } from "./get.schema.ts";

/** One image with its snapshots and its family. */
export const get = viewerProcedure
  .input(imageGetInput)
  .query(({ ctx, input }): Promise<ImageDetail> => ctx.services.inventory.get(input.spec));
