import { clusterDaemons } from "../daemons/cluster-daemons.ts";
import { DevClusterError } from "../errors.ts";
import type { DevCluster } from "./options.ts";
import type { ClusterPaths } from "./paths.ts";
import type { ClusterState } from "./state.ts";
import { stopCluster } from "./stop-cluster.ts";

export function runningCluster(paths: ClusterPaths, state: ClusterState): DevCluster {
  const daemons = clusterDaemons(paths, state);
  const stop = () => stopCluster(paths.dir);
  return {
    dir: paths.dir,
    conf: paths.conf,
    fsid: state.fsid,
    name: "ceph",
    daemons,
    daemon(name) {
      const daemon = daemons.find((candidate) => candidate.name === name);
      if (daemon !== undefined) return daemon;
      throw new DevClusterError("INVALID_ARGUMENT", `The cluster in ${paths.dir} has no daemon ${name}.`, {
        call: "daemon",
        object: name,
        hint: `It has ${daemons.map((candidate) => candidate.name).join(", ")}.`,
      });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
