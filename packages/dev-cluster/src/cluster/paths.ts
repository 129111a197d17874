import { createHash } from "node:crypto";
import { join } from "node:path";

/** A unix socket's path holds 107 bytes and a terminating zero (`sun_path` in unix(7)). */
const socketPathBytes = 107;
const longestSocketName = "osd.9999.asok";

/** Where everything of one cluster lives. `dir` must be absolute and free of symbolic links. */
export interface ClusterPaths {
  readonly dir: string;
  readonly conf: string;
  readonly state: string;
  /** Keyring of `client.admin`. */
  readonly keyring: string;
  readonly log: string;
  readonly crash: string;
  /** Admin sockets and pid files; outside `dir` when `dir` is too long for a unix socket. */
  readonly run: string;
}

/**
 * @param shortRunRoot where a short run folder may be made; the same for every caller of the same
 *   machine, so that a later start, stop or status finds the sockets again.
 */
export function clusterPaths(dir: string, uid: number, shortRunRoot = "/tmp"): ClusterPaths {
  return {
    dir,
    conf: join(dir, "ceph.conf"),
    state: join(dir, "cluster.json"),
    keyring: join(dir, "keyring"),
    log: join(dir, "log"),
    crash: join(dir, "crash"),
    run: runFolder(dir, uid, shortRunRoot),
  };
}

export function daemonData(paths: ClusterPaths, daemon: string): string {
  return join(paths.dir, daemon);
}

export function adminSocket(paths: ClusterPaths, daemon: string): string {
  return join(paths.run, `${daemon}.asok`);
}

function runFolder(dir: string, uid: number, shortRunRoot: string): string {
  const inside = join(dir, "run");
  if (Buffer.byteLength(join(inside, longestSocketName)) <= socketPathBytes) return inside;
  const digest = createHash("sha256").update(dir).digest("hex").slice(0, 16);
  return join(shortRunRoot, `coppice-${uid}-${digest}`);
}
