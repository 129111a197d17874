import { join } from "node:path";
import { plantDemoForest } from "@coppice/demo-forest";
import { type DevCluster, startCluster } from "@coppice/dev-cluster";
import { connect } from "rbd-core";
import { step } from "../prepare/output.mjs";

/** Starts (or starts again) the private cluster in `dataDir`/ceph and fills it once with the demonstration forest. */
export async function startPrivateCluster(dataDir: string, signal: AbortSignal): Promise<DevCluster> {
  const cluster = await step("Starting a private Ceph cluster", (detail) =>
    startCluster({ dir: join(dataDir, "ceph"), onProgress: detail, signal }),
  );
  try {
    await step("Planting the demonstration forest", async (detail) => {
      await using connection = await connect({ conf: cluster.conf, signal });
      await plantDemoForest(connection, { onProgress: ({ spec }) => detail(spec), signal });
    });
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
