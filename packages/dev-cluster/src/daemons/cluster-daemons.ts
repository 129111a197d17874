import type { ClusterPaths } from "../cluster/paths.ts";
import type { ClusterState } from "../cluster/state.ts";
import { Daemon } from "./daemon.ts";
import { managerType, monitorType, osdType } from "./daemon-type.ts";

export const monitorName = "mon.a";
export const managerName = "mgr.x";

export function osdName(id: number): string {
  return `osd.${id}`;
}

/** Handles on the daemons that `state` asks for, in the order in which they start. */
export function clusterDaemons(paths: ClusterPaths, state: ClusterState): Daemon[] {
  return [
    new Daemon(monitorName, monitorType, paths, state.fsid),
    ...(state.mgr ? [new Daemon(managerName, managerType, paths, state.fsid)] : []),
    ...state.osds.map(({ id }) => new Daemon(osdName(id), osdType, paths, state.fsid)),
  ];
}
