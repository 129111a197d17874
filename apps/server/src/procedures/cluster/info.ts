import { viewerProcedure } from "../../trpc/procedures.ts";
import type { ClusterInfo } from "./info.schema.ts";

/** The cluster: name, capacity, pools. */
export const info = viewerProcedure.query(({ ctx }): Promise<ClusterInfo> => ctx.services.cluster.info());
