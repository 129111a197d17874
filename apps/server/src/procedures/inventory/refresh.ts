import { viewerProcedure } from "../../trpc/procedures.ts";

/** Looks at the cluster now instead of at the next interval. Changes nothing on it, so a viewer may. */
export const refresh = viewerProcedure.mutation(
  ({ ctx }): Promise<{ scannedAt: string }> => ctx.services.inventory.refresh(),
);
