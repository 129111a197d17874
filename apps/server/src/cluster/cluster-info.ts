import { type Cluster, librbdVersion } from "rbd-core";
import type { Clock } from "../clock/clock.ts";
import { within } from "../clock/within.ts";
import { ServerError } from "../errors/server-error.ts";
import type { Catalog } from "../inventory/catalog.ts";
import type { ClusterInfo } from "../procedures/cluster/info.schema.ts";
import type { ClusterConnection } from "./cluster-connection.ts";
import type { ClusterService } from "./cluster-service.ts";

/** The monitors answer in milliseconds; without them librados waits for ever. */
const ANSWER_MS = 5000;

export interface ClusterInfoOptions {
  connection: ClusterConnection;
  inventory: { current(): Promise<Catalog> };
  clock: Clock;
}

/** Tells about the cluster: capacity from the monitors, pools and counts from the inventory. */
export class ClusterInfoReader implements ClusterService {
  readonly #options: ClusterInfoOptions;

  constructor(options: ClusterInfoOptions) {
    this.#options = options;
  }

  async info(): Promise<ClusterInfo> {
    const { connection, inventory, clock } = this.#options;
    const asked = connection.use(async (cluster) => ({
      fsid: cluster.fsid,
      name: await clusterName(cluster),
      usage: await cluster.usage(),
    }));
    const { fsid, name, usage } = await within(clock, ANSWER_MS, asked, noAnswer);
    const { totalBytes, usedBytes, availableBytes } = usage;
    const { pools } = await inventory.current();
    return {
      fsid,
      name,
      librbdVersion: librbdVersion(),
      totalBytes,
      usedBytes,
      availableBytes,
      pools: [...pools],
    };
  }

  /** Resolves when the monitors answer. @throws {ServerError} `CLUSTER_UNREACHABLE` */
  async check(): Promise<void> {
    const { connection, clock } = this.#options;
    connection.get();
    const asked = connection.use((cluster) => cluster.usage());
    await within(clock, ANSWER_MS, asked, noAnswer);
  }
}

function noAnswer(): ServerError {
  return new ServerError("CLUSTER_UNREACHABLE", "The cluster's monitors do not answer.", {
    hint: "Check that they run and that this machine reaches them.",
  });
}

async function clusterName(cluster: Cluster): Promise<string> {
  return (await cluster.getSetting("cluster")) || "ceph";
}
