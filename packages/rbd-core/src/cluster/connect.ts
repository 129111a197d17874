import { Cluster as NativeCluster } from "rbd-native";
import { withCoppiceErrors } from "../errors/index.ts";
import { Cluster } from "./cluster.ts";

export interface ConnectOptions {
  /** Path of the `ceph.conf`. Default: where librados looks (`CEPH_CONF`, `/etc/ceph/ceph.conf`). */
  conf?: string | undefined;
  /** Ceph user without the `client.`. Default `admin`. */
  user?: string | undefined;
  /** Settings over those of the file, for example `{ keyring: "/path" }`. */
  settings?: Record<string, string> | undefined;
  /** How long to wait for the cluster before `TIMED_OUT`. Librados itself would wait for ever. Default 15. */
  timeoutSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Connects to a cluster.
 *
 * @throws {CoppiceError} `NOT_FOUND` without a readable configuration or key, `PERMISSION_DENIED` when the
 * cluster refuses the user, `TIMED_OUT` when no monitor answers.
 */
export async function connect(options: ConnectOptions = {}): Promise<Cluster> {
  const { conf, user = "admin", settings, timeoutSeconds = 15, signal } = options;
  const place = {
    object: conf ?? "ceph.conf",
    what: `no connection as client.${user}`,
    hint: "Check the configuration file, the keyring it names, and that a monitor can be reached.",
  };
  const native = await withCoppiceErrors(place, () =>
    NativeCluster.connect({ conf, user, settings, signal, mountTimeoutSeconds: timeoutSeconds }),
  );
  return new Cluster(native);
}
