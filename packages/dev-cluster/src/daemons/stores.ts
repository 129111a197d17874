import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DevClusterError, orUndefined } from "../errors.ts";
import { monitorAddress } from "../folder/conf.ts";
import { writeFileAtomically } from "../folder/files.ts";
import { parseKey, renderKeyring } from "../folder/keyring.ts";
import { type ClusterPaths, daemonData } from "../folder/paths.ts";
import type { OsdState } from "../folder/state.ts";
import { generateKey, runClusterTool } from "../process/run-tool.ts";
import { managerName, monitorName, osdName } from "./daemon.ts";

const id = "a";

interface NewMonitor {
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

/** Makes the manager's folder. Its key is known to every cluster, so a manager can be added later. */
export async function makeManager(paths: ClusterPaths, key: string): Promise<void> {
  const data = daemonData(paths, managerName);
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(data, "keyring"), renderKeyring([{ entity: managerName, key }]), { mode: 0o600 });
}

/**
 * Makes an OSD's store on a sparse file (`ceph-osd --mkfs`). The files of an earlier, unfinished attempt are removed
 * first, except its key, which `ensureOsdKey` wrote and the cluster may already know.
 */
export async function makeOsd(
  paths: ClusterPaths,
  fsid: string,
  osd: OsdState,
  signal: AbortSignal,
): Promise<void> {
  const data = daemonData(paths, osdName(osd.id));
  for (const entry of await readdir(data)) {
    if (entry !== "keyring") await rm(join(data, entry), { recursive: true });
  }
  const who = ["--conf", paths.conf, "--id", String(osd.id), "--fsid", fsid];
  // The monitor need not run for this.
  const how = ["--mkfs", "--no-mon-config", "--osd-uuid", osd.uuid];
  await runClusterTool(paths, "ceph-osd --mkfs", [...who, ...how], { signal });
}

/** Registers the OSD with the cluster (`ceph osd new`). Idempotent. */
export async function registerOsd(
  paths: ClusterPaths,
  osd: OsdState,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const args = ["--conf", paths.conf, "osd", "new", osd.uuid, String(osd.id), "-i", "-"];
  await runClusterTool(paths, "ceph osd new", args, { signal, input: JSON.stringify({ cephx_secret: key }) });
}

/** The OSD's key: the one in its folder, or a new one that is written there. */
export async function ensureOsdKey(paths: ClusterPaths, id: number, signal: AbortSignal): Promise<string> {
  const data = daemonData(paths, osdName(id));
  const keyring = join(data, "keyring");
  const known = parseKey((await orUndefined(readFile(keyring, "utf8"))) ?? "", osdName(id));
  if (known !== undefined) return known;
  const key = await generateKey(paths, signal);
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFileAtomically(keyring, renderKeyring([{ entity: osdName(id), key }]));
  return key;
}
