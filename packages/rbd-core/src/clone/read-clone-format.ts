import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import { type CloneFormat, type CloneFormatChoice, chooseCloneFormat } from "./clone-format.ts";

const setting = "rbd_default_clone_format";

/**
 * Which clone format the cluster allows in the target's pool: what the pool or this client is configured to,
 * or else which clients the cluster admits (`ceph osd dump`).
 *
 * @throws {CoppiceError} when the cluster does not say
 */
export async function readCloneFormat(
  cluster: Cluster,
  targetPool: string,
  forced: CloneFormat | undefined,
): Promise<CloneFormatChoice> {
  if (forced !== undefined) return chooseCloneFormat({ forced, configured: "auto", clientReleases: [] });
  const configured =
    (await poolSetting(cluster, targetPool)) ?? (await cluster.getSetting(setting)) ?? "auto";
  if (configured !== "auto") return chooseCloneFormat({ configured, clientReleases: [] });
  const dump = await cluster.monCommand({ prefix: "osd dump" });
  const { require_min_compat_client: required, min_compat_client: used } = dump as Record<string, unknown>;
  const clientReleases = [required, used].filter((release) => typeof release === "string");
  return chooseCloneFormat({ configured, clientReleases });
}

/** A pool can override the client's settings. (`rbd config pool set`) */
async function poolSetting(cluster: Cluster, pool: string): Promise<string | undefined> {
  const ioCtx = await cluster.pool(pool);
  const metadata = await translated({ object: pool }, () => ioCtx.listMetadata());
  return metadata.get(`conf_${setting}`);
}
