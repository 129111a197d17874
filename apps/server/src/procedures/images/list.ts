import { viewerProcedure } from "../../trpc/procedures.ts";
import { type ImageListPage, imageListInput } from "./list.schema.ts";

/** One page of the images, filtered and sorted here. */
export const list = viewerProcedure
  .input(imageListInput)
  .query(({ ctx, input }): Promise<ImageListPage> => ctx.services.inventory.list(input));
