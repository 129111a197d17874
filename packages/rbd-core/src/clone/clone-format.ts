import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";

/** Ceph's releases in their order, as `ceph osd dump` names them, as far as clients can be required. */
const releases = [
  "argonaut",
  "bobtail",
  "cuttlefish",
  "dumpling",
  "emperor",
  "firefly",
  "giant",
  "hammer",
  "infernalis",
  "jewel",
  "kraken",
  "luminous",
];

export type CloneFormat = 1 | 2;

interface CloneFormatFacts {
  /** What the caller insists on. */
  forced?: CloneFormat | undefined;
  /** `rbd_default_clone_format`: `1`, `2` or `auto`. */
  configured: string;
  /** `require_min_compat_client` and `min_compat_client` of `ceph osd dump`. */
  clientReleases: readonly string[];
}

export interface CloneFormatChoice {
  format: CloneFormat;
  /** One sentence without a full stop. */
  reason: string;
}

/**
 * Chooses as librbd does when it is not told: format 2, which needs no protected snapshot, once every client
 * the cluster admits understands it (mimic and later); else format 1.
 *
 * Source: `rbd_default_clone_format` in Ceph's documentation of clone v2.
 */
export function chooseCloneFormat(facts: CloneFormatFacts): CloneFormatChoice {
  if (facts.forced !== undefined) {
    return { format: facts.forced, reason: `clone format ${facts.forced} was asked for` };
  }
  if (facts.configured === "1" || facts.configured === "2") {
    const format = facts.configured === "1" ? 1 : 2;
    return { format, reason: `rbd_default_clone_format is ${format}` };
  }
  const required = facts.clientReleases.find((release) => release !== "" && !releases.includes(release));
  if (required !== undefined) {
    return { format: 2, reason: `the cluster requires clients of ${required} or later` };
  }
  return {
    format: 1,
    reason: "the cluster admits clients from before mimic, which know clone format 1 only",
  };
}

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
