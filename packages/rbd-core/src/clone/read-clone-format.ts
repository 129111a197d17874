import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
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
  return chooseCloneFormat({ configured, clientReleases: await admittedReleases(cluster) });
}

/** What the cluster said last, and until when that is good enough (by `performance.now`). */
const answers = new WeakMap<Cluster, { releases: Promise<string[]>; until: number }>();

/**
 * Which clients the cluster admits. The monitors' answer describes every OSD, so it is asked for at most once a minute.
 * An answer that is as old errs on the safe side: what a cluster requires of its clients is raised, and hardly ever
 * lowered; and before it was raised, format 1 is right.
 */
function admittedReleases(cluster: Cluster): Promise<string[]> {
  const now = performance.now();
  const known = answers.get(cluster);
  if (known !== undefined && now < known.until) return known.releases;
  const releases = askReleases(cluster);
  answers.set(cluster, { releases, until: now + 60_000 });
  // Who asks next must not get this failure.
  releases.catch(() => answers.delete(cluster));
  return releases;
}

async function askReleases(cluster: Cluster): Promise<string[]> {
  const dump = await cluster.monCommand({ prefix: "osd dump" });
  const { require_min_compat_client: required, min_compat_client: used } = dump as Record<string, unknown>;
  return [required, used].filter((release) => typeof release === "string");
}

/** A pool can override the client's settings. (`rbd config pool set`) */
async function poolSetting(cluster: Cluster, pool: string): Promise<string | undefined> {
  const ioCtx = await cluster.pool(pool);
  const metadata = await withCoppiceErrors({ object: pool }, () => ioCtx.listMetadata());
  return metadata.get(`conf_${setting}`);
}
