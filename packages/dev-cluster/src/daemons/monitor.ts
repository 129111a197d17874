import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runClusterTool } from "../cluster/cluster-tool.ts";
import { type ClusterPaths, daemonData } from "../cluster/paths.ts";
import { monitorAddress } from "../config/settings.ts";
import { DevClusterError } from "../errors.ts";
import { monitorName } from "./cluster-daemons.ts";

const id = "a";

export interface NewMonitor {
  fsid: string;
  port: number;
  /** Text of a keyring with every entity that the cluster shall know from the beginning. */
  keyring: string;
}

/** Makes the monitor's store (`monmaptool --create`, `ceph-mon --mkfs`). The conf must be there. */
export async function makeMonitor(
  paths: ClusterPaths,
  monitor: NewMonitor,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(daemonData(paths, monitorName), { mode: 0o700 });
  const map = join(paths.dir, "mkfs.monmap");
  const keyring = join(paths.dir, "mkfs.keyring");
  await writeFile(keyring, monitor.keyring, { mode: 0o600 });
  await mapTool(
    paths,
    ["--create", "--clobber", "--fsid", monitor.fsid, "--addv", id, monitorAddress(monitor.port), map],
    signal,
  );
  await monTool(paths, ["--mkfs", "--fsid", monitor.fsid, "--monmap", map, "--keyring", keyring], signal);
  await rm(map);
  await rm(keyring);
}

/**
 * The port in the monitor map: the only place that says where the monitor listens. It must not run.
 * @throws DevClusterError TOOL_FAILED when the map cannot be read.
 */
export async function readMonitorPort(paths: ClusterPaths, signal: AbortSignal): Promise<number> {
  const map = join(paths.dir, "monmap.now");
  await monTool(paths, ["--extract-monmap", map], signal);
  const printed = await mapTool(paths, ["--print", map], signal);
  await rm(map);
  return parseMonitorPort(printed);
}

/** The port in `monmaptool --print`: `0: v2:127.0.0.1:21300/0 mon.a`. */
export function parseMonitorPort(printed: string): number {
  const port = /^\d+: \[?v2:127\.0\.0\.1:(\d+)\/.* mon\.a$/m.exec(printed)?.[1];
  if (port !== undefined) return Number(port);
  throw new DevClusterError(
    "TOOL_FAILED",
    `The monitor map names no monitor of this cluster: ${printed.trim()}`,
    {
      call: "monmaptool --print",
      object: monitorName,
    },
  );
}

/** Writes another port into the monitor map of a stopped monitor (`ceph-mon --inject-monmap`). */
export async function changeMonitorPort(
  paths: ClusterPaths,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const map = join(paths.dir, "monmap.new");
  await monTool(paths, ["--extract-monmap", map], signal);
  // In one call monmaptool adds before it removes, and refuses.
  await mapTool(paths, ["--rm", id, map], signal);
  await mapTool(paths, ["--addv", id, monitorAddress(port), map], signal);
  await monTool(paths, ["--inject-monmap", map], signal);
  await rm(map);
}

async function monTool(paths: ClusterPaths, args: readonly string[], signal: AbortSignal): Promise<void> {
  await runClusterTool(paths, `ceph-mon ${args[0]}`, ["--conf", paths.conf, "--id", id, ...args], { signal });
}

async function mapTool(paths: ClusterPaths, args: readonly string[], signal: AbortSignal): Promise<string> {
  return await runClusterTool(paths, `monmaptool ${args[0]}`, args, { signal });
}
