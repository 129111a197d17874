import { type Cluster, librbdVersion } from "rbd-core";
import { z } from "zod";
import { viewerProcedure } from "../api/procedures.ts";
import { clusterId, noInput, rowError, rowErrorSchema } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { type Clock, within } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import { ANSWER_MS, type ClusterConnection } from "./cluster-connection.ts";
import type { Clusters } from "./clusters.ts";

/**
 * One pool with its named namespaces (the default one always exists and is not listed) and the number of its images
 * outside of the trash.
 */
const poolInfo = z.object({
  name: z.string(),
  id: z.number(),
  namespaces: z.array(z.string()),
  images: z.number(),
});

/** One cluster, its capacity and its pools. All sizes in bytes. */
const clusterInfo = z.object({
  /** As configured. */
  id: clusterId,
  fsid: z.string(),
  name: z.string(),
  librbdVersion: z.string(),
  totalBytes: z.number(),
  usedBytes: z.number(),
  availableBytes: z.number(),
  pools: z.array(poolInfo),
});

/** One configured cluster. `connected` is false during an outage too. `error` may say why. */
const clusterSummary = z.object({
  id: clusterId,
  connected: z.boolean(),
  fsid: z.string().nullable(),
  error: rowErrorSchema.nullable(),
});

const clusterList = z.object({ clusters: z.array(clusterSummary) });

export type PoolInfo = z.output<typeof poolInfo>;
export type ClusterInfo = z.output<typeof clusterInfo>;
export type ClusterSummary = z.output<typeof clusterSummary>;
export type ClusterList = z.output<typeof clusterList>;

interface ClusterInfoOptions {
  clusters: Clusters;
  /** Gives the pools of each cluster, with their images counted. */
  inventories: { get(id: string): { current(): Promise<{ pools: readonly PoolInfo[] }> } };
  clock: Clock;
}

/** `cluster` of the API. */
export function clusterRouter(options: ClusterInfoOptions) {
  return t.router({
    /** One cluster: name, capacity, pools. Fails with `CLUSTER_UNREACHABLE` while there is no connection. */
    info: viewerProcedure
      .input(z.object({ cluster: clusterId }))
      .output(clusterInfo)
      .query(({ input }) => readInfo(options, input.cluster)),
  });
}

/** `clusters` of the API. */
export function clustersRouter(clusters: Clusters) {
  return t.router({
    /** Every configured cluster, connected or not. */
    list: viewerProcedure
      .input(noInput)
      .output(clusterList)
      .query(() => ({ clusters: Array.from(clusters, ([id, connection]) => summaryOf(id, connection)) })),
  });
}

/** Resolves when the monitors and OSDs of every cluster answer. @throws {ServerError} `CLUSTER_UNREACHABLE` */
export async function checkClusters(clusters: Clusters): Promise<void> {
  await Promise.all(
    Array.from(clusters, async ([, connection]) => {
      connection.get(); // an outage that is known is not waited for
      await connection.check();
    }),
  );
}

/** Capacity from the monitors, pools and counts from the inventory. */
async function readInfo(
  { clusters, inventories, clock }: ClusterInfoOptions,
  id: string,
): Promise<ClusterInfo> {
  const asked = clusters.get(id).use(async (cluster) => ({
    fsid: cluster.fsid,
    name: await clusterName(cluster),
    usage: await cluster.usage(),
  }));
  const { fsid, name, usage } = await within(clock, ANSWER_MS, asked, noAnswer);
  const { totalBytes, usedBytes, availableBytes } = usage;
  const { pools } = await inventories.get(id).current();
  return {
    id,
    fsid,
    name,
    librbdVersion: librbdVersion(),
    totalBytes,
    usedBytes,
    availableBytes,
    pools: [...pools],
  };
}

function summaryOf(id: string, { answering, fsid, failure }: ClusterConnection): ClusterSummary {
  return { id, connected: answering, fsid, error: failure === null ? null : rowError(failure) };
}

function noAnswer(): ServerError {
  return new ServerError("CLUSTER_UNREACHABLE", "The cluster's monitors do not answer.", {
    hint: "Check that they run and that this machine reaches them.",
  });
}

async function clusterName(cluster: Cluster): Promise<string> {
  return (await cluster.getSetting("cluster")) || "ceph";
}
