import { connect } from "../../src/cluster/connect.ts";
import type { Cluster } from "../../src/cluster/index.ts";
import { abortMirror, confirmPivot, pivotMirror, startMirror, syncMirror } from "../../src/mirror/index.ts";

/** One call that drives a mirror, as text: for a process that is killed on its way, and for the same call afterwards. */
export interface DriveMirror {
  readonly do: "start" | "sync" | "pivot" | "confirm" | "abort";
  readonly pool: string;
  /** The images in that pool. */
  readonly disks: readonly string[];
  /** Where the mirrors are, under the same names. */
  readonly target: { readonly pool: string; readonly conf?: string };
}

/** Makes the call. The machine of the mirror does not write meanwhile. */
export async function driveMirror(cluster: Cluster, drive: DriveMirror): Promise<void> {
  const { conf, pool } = drive.target;
  await using elsewhere = conf === undefined ? null : await connect({ conf });
  const target = { cluster: elsewhere ?? cluster, pool };
  const mirror = `${pool}/${drive.disks[0]}`;
  const nothing = async () => {};
  switch (drive.do) {
    case "start": {
      const disks = drive.disks.map((name) => ({ source: `${drive.pool}/${name}` }));
      await startMirror(cluster, { disks }, { target });
      break;
    }
    case "sync":
      await syncMirror(cluster, { mirror, target });
      break;
    case "pivot":
      await pivotMirror(cluster, { mirror, target, quiesce: nothing, resume: nothing, switch: nothing });
      break;
    case "confirm":
      await confirmPivot(cluster, { mirror, target, sources: "trash" });
      break;
    case "abort":
      await abortMirror(cluster, { mirror, target });
      break;
  }
}
