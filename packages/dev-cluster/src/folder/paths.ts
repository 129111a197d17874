import { join } from "node:path";

/**
 * The content of a cluster's folder, by names relative to it. The daemons run with the folder as working
 * directory and know these relative names alone: so it can lie in any depth (a unix socket's path holds
 * 107 bytes), be named in any script, and be moved while the cluster is stopped.
 */
export const inFolder = {
  conf: "ceph.conf",
  state: "cluster.json",
  /** Keyring of `client.admin`. */
  keyring: "keyring",
  log: "log",
  crash: "crash",
  /** Admin sockets and pid files. */
  run: "run",
} as const;

/** The same as absolute paths. */
export type ClusterPaths = { readonly dir: string } & { readonly [name in keyof typeof inFolder]: string };

/** @param dir absolute and free of symbolic links. */
export function clusterPaths(dir: string): ClusterPaths {
  return {
    dir,
    conf: join(dir, inFolder.conf),
    state: join(dir, inFolder.state),
    keyring: join(dir, inFolder.keyring),
    log: join(dir, inFolder.log),
    crash: join(dir, inFolder.crash),
    run: join(dir, inFolder.run),
  };
}

/** The folder of one daemon (`mon.a`, `osd.0`): Ceph's `$type.$id`. */
export function daemonData(paths: ClusterPaths, daemon: string): string {
  return join(paths.dir, daemon);
}
