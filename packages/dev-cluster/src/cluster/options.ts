import type { Daemon } from "../daemons/daemon.ts";
import { DevClusterError } from "../errors.ts";

export interface StartOptions {
  /** The cluster's folder; made when absent (mode 0700). Everything the cluster keeps is in it. */
  dir: string;
  /** With a manager daemon (PG statistics, `ceph df`, `rbd task`). Default true; one that runs is never stopped. */
  mgr?: boolean;
  /** Number of OSDs. Default: what the cluster has, 1 for a new one. A larger number adds OSDs. */
  osds?: number;
  /** Size of each new OSD's sparse file in GiB. Default 64, less where the disk has less. */
  osdSizeGiB?: number;
  /** Further settings for the conf's `[global]` section; they win over the built-in ones. */
  conf?: Record<string, string>;
  /** Called with a short sentence as each step begins. */
  onProgress?(step: string): void;
  /** Ends the start: the daemons that it started are stopped and the call rejects with the reason. */
  signal?: AbortSignal;
}

/** A running private cluster. Disposing of it stops it. */
export interface DevCluster extends AsyncDisposable {
  readonly dir: string;
  /** Path of the `ceph.conf` for clients; it names the monitor, the keyring and time-outs. */
  readonly conf: string;
  readonly fsid: string;
  /** The cluster's name in Ceph's sense (`--cluster`): always "ceph". */
  readonly name: string;
  /** All daemons in starting order: `mon.a`, `mgr.x`, `osd.0`, … */
  readonly daemons: readonly Daemon[];
  /**
   * A handle on one daemon, for fault tests: `cluster.daemon("osd.0").kill()`.
   * @throws DevClusterError INVALID_ARGUMENT when the cluster has no daemon of that name.
   */
  daemon(name: string): Daemon;
  /** Stops every daemon and waits until they are gone. The data stays. */
  stop(): Promise<void>;
}

export interface DaemonStatus {
  name: string;
  pid: number | null;
  running: boolean;
}

export interface ClusterStatus {
  /** absent: nothing was ever made here; degraded: half made, or only some daemons run. */
  state: "absent" | "stopped" | "running" | "degraded";
  daemons: DaemonStatus[];
  conf?: string;
}

/** @throws DevClusterError INVALID_ARGUMENT; before anything is touched. */
export function checkOptions({ dir, osds, osdSizeGiB }: StartOptions): void {
  if (dir === "") throw invalid("dir", "The folder's name is empty.", "Name a folder.");
  if (osds !== undefined && !(Number.isInteger(osds) && osds >= 1 && osds <= 16)) {
    throw invalid("osds", `A cluster cannot have ${osds} OSDs.`, "Give a whole number from 1 to 16.");
  }
  if (osdSizeGiB !== undefined && !(osdSizeGiB >= 2 && osdSizeGiB <= 16_384)) {
    throw invalid(
      "osdSizeGiB",
      `An OSD of ${osdSizeGiB} GiB cannot be made.`,
      "Give a number from 2 to 16384.",
    );
  }
}

function invalid(object: string, message: string, hint: string): DevClusterError {
  return new DevClusterError("INVALID_ARGUMENT", message, { call: "startCluster", object, hint });
}
