import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";

/** Ceph's releases before clone format 2, oldest first, as `ceph osd dump` names them. */
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
  /** What the caller asked for. */
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
 * Chooses as librbd does by default: format 2, which needs no protected snapshot, when every client that the cluster
 * admits understands it (mimic and later); otherwise format 1. Pure.
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
 * Reads which clone format is used in the target's pool: what the pool or this client is configured to, or what follows
 * from the clients that the cluster admits (`ceph osd dump`).
 *
 * @throws {CoppiceError} when the cluster does not answer
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

/** The last answer of each cluster, and how long it is used (by `performance.now`). */
const answers = new WeakMap<Cluster, { releases: Promise<string[]>; until: number }>();

/**
 * Which clients the cluster admits. The monitors' answer describes every OSD and is large, so it is read at most once a
 * minute. An answer that old errs on the safe side: the required release is raised and hardly ever lowered, and with a
 * lower one format 1 is chosen, which every client can read.
 */
function admittedReleases(cluster: Cluster): Promise<string[]> {
  const now = performance.now();
  const known = answers.get(cluster);
  if (known !== undefined && now < known.until) return known.releases;
  const releases = askReleases(cluster);
  answers.set(cluster, { releases, until: now + 60_000 });
  // The next caller must not get this failure.
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
