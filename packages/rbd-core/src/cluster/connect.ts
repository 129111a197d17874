import { Cluster as NativeCluster } from "rbd-native";
import { withCoppiceErrors } from "../errors/index.ts";
import { Cluster } from "./cluster.ts";

export interface ConnectOptions {
  /** Path of the `ceph.conf`. Default: librados' own (`CEPH_CONF`, then `/etc/ceph/ceph.conf`). */
  conf?: string | undefined;
  /** Ceph user without the `client.`. Default `admin`. */
  user?: string | undefined;
  /** Settings that override those of the file, for example `{ keyring: "/path" }`. */
  settings?: Record<string, string> | undefined;
  /** How long to wait for the cluster before `TIMED_OUT`. Librados itself would wait forever. Default 15. */
  timeoutSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Connects to a cluster. (`rados_create2`, `rados_connect`)
 *
 * ```ts
 * await using cluster = await connect({ conf: "/etc/ceph/ceph.conf", user: "admin" });
 * console.log(await cluster.listPools());
 * ```
 *
 * @throws {CoppiceError} `NOT_FOUND` without a readable configuration or key, `PERMISSION_DENIED` when the
 * cluster refuses the user, `TIMED_OUT` when no monitor answers.
 */
export async function connect(options: ConnectOptions = {}): Promise<Cluster> {
  const { conf, user = "admin", settings, timeoutSeconds = 15, signal } = options;
  const context = {
    object: conf ?? "ceph.conf",
    what: `the cluster could not be reached as client.${user}`,
    hint: "Check the configuration file and its keyring, and whether a monitor is reachable.",
  };
  const native = await withCoppiceErrors(context, () =>
    NativeCluster.connect({ conf, user, settings, signal, mountTimeoutSeconds: timeoutSeconds }),
  );
  return new Cluster(native);
}
