import { randomUUID } from "node:crypto";
import { clusterDaemons, managerName } from "../daemons/cluster-daemons.ts";
import { memoryNeeded, requireMemory } from "../machine/memory.ts";
import { findClusterProcesses } from "../process/cluster-processes.ts";
import { bringUp } from "./bring-up.ts";
import type { StartContext } from "./start-context.ts";
import { type ClusterState, type OsdState, writeState } from "./state.ts";

/** Starts what does not run of a cluster that once was ready; the rest is taken over as it is. */
export async function resumeCluster(context: StartContext, last: ClusterState): Promise<ClusterState> {
  const { paths, options } = context;
  // A manager that runs belongs to the cluster, also when this start would not have asked for one.
  const mgr = context.mgr || (await runningNames(context)).has(managerName);
  const state: ClusterState = { ...last, mgr, osds: withMoreOsds(last.osds, options.osds) };
  await writeState(paths.state, state);
  await requireMemoryForMissing(context, state);
  return await bringUp(context, state);
}

async function requireMemoryForMissing(context: StartContext, state: ClusterState): Promise<void> {
  const running = await runningNames(context);
  const missing = clusterDaemons(context.paths, state).filter(({ name }) => !running.has(name));
  const count = (type: string) => missing.filter(({ name }) => name.startsWith(`${type}.`)).length;
  requireMemory(memoryNeeded({ mon: count("mon"), mgr: count("mgr"), osd: count("osd") }));
}

async function runningNames({ paths }: StartContext): Promise<ReadonlySet<string>> {
  const processes = await findClusterProcesses(paths.conf);
  return new Set(processes.map(({ name }) => name));
}

export function withMoreOsds(osds: readonly OsdState[], wanted = 0): OsdState[] {
  const missing = Math.max(0, wanted - osds.length);
  const added = Array.from({ length: missing }, (_, index) => ({
    id: osds.length + index,
    uuid: randomUUID(),
    made: false,
  }));
  return [...osds, ...added];
}
