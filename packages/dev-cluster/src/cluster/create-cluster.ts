import { randomUUID } from "node:crypto";
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { managerName, monitorName, osdName } from "../daemons/daemon.ts";
import { makeManager, makeMonitor } from "../daemons/stores.ts";
import { DevClusterError, orUndefined } from "../errors.ts";
import { writeConf } from "../folder/conf.ts";
import { writeFileAtomically } from "../folder/files.ts";
import { adminCaps, managerCaps, monitorCaps, renderKeyring } from "../folder/keyring.ts";
import type { ClusterPaths } from "../folder/paths.ts";
import { type ClusterState, writeState } from "../folder/state.ts";
import { chooseOsdBytes, requireDirectIo } from "../machine/folder.ts";
import { chooseMonitorPort } from "../machine/ports.ts";
import { memoryNeeded, requireMemory } from "../machine/requirements.ts";
import { runInParallel } from "../process/concurrency.ts";
import { generateKey, runClusterTool } from "../process/run-tool.ts";
import { bringUp, type StartContext } from "./bring-up.ts";

/** Creates a new cluster, after it has removed the files of one whose creation never finished. */
export async function createCluster(
  context: StartContext,
  unfinished: ClusterState | undefined,
): Promise<ClusterState> {
  const { paths, options, mgr, onProgress, signal } = context;
  onProgress("Checking memory, disk and folder");
  const osdCount = options.osds ?? 1;
  requireMemory(memoryNeeded({ mon: 1, mgr: mgr ? 1 : 0, osd: osdCount }));
  const osdBytes = await chooseOsdBytes(paths.dir, options.osdSizeGiB);
  await requireDirectIo(paths.dir);
  if (unfinished === undefined) await requireNothingForeign(paths);
  else {
    onProgress("Removing the files of an unfinished start");
    await removeUnfinished(paths, unfinished);
  }

  const making: ClusterState = {
    format: 1,
    fsid: randomUUID(),
    phase: "making",
    mgr,
    osdBytes,
    osds: Array.from({ length: osdCount }, (_, id) => ({ id, uuid: randomUUID(), made: false })),
  };
  await chmod(paths.dir, 0o700);
  await writeState(paths.state, making);
  await makeFiles(context, making);
  const made = await bringUp(context, making, {
    afterMonitor: async (stepSignal) => {
      await disableDeviceHealth(paths, stepSignal);
      await createPool(paths, stepSignal);
    },
  });
  onProgress("Initialising the pool rbd");
  await initialisePool(paths, signal);
  const ready: ClusterState = { ...made, phase: "ready" };
  await writeState(paths.state, ready);
  return ready;
}

async function makeFiles(
  { paths, options, onProgress, signal }: StartContext,
  state: ClusterState,
): Promise<void> {
  onProgress("Making the monitor");
  await mkdir(paths.log, { mode: 0o700 });
  await mkdir(paths.crash, { mode: 0o700 });
  await mkdir(paths.run, { mode: 0o700 });
  const [adminKey = "", managerKey = "", monitorKey = ""] = await runInParallel(
    signal,
    [1, 2, 3].map(() => (stepSignal: AbortSignal) => generateKey(paths, stepSignal)),
  );
  const admin = { entity: "client.admin", key: adminKey, caps: adminCaps };
  const manager = { entity: managerName, key: managerKey, caps: managerCaps };
  const monitor = { entity: "mon.", key: monitorKey, caps: monitorCaps };
  const port = await chooseMonitorPort(paths.dir);
  await writeFileAtomically(paths.keyring, renderKeyring([admin]));
  await writeConf(paths, state, port, options.conf);
  await makeManager(paths, managerKey);
  await makeMonitor(
    paths,
    { fsid: state.fsid, port, keyring: renderKeyring([monitor, admin, manager]) },
    signal,
  );
}

/**
 * The manager would create a pool for disk health, but there are no disks to watch here. Forced, because the monitor
 * learns a module's options only from a running manager, which would have created the pool by then.
 */
async function disableDeviceHealth(paths: ClusterPaths, signal: AbortSignal): Promise<void> {
  await ceph(
    paths,
    ["config", "set", "mgr", "mgr/devicehealth/enable_monitoring", "false", "--force"],
    signal,
  );
}

async function createPool(paths: ClusterPaths, signal: AbortSignal): Promise<void> {
  await ceph(paths, ["osd", "pool", "create", "rbd"], signal);
}

/** `rbd pool init` names the application and writes an object: when it returns, the pool takes I/O. */
async function initialisePool(paths: ClusterPaths, signal: AbortSignal): Promise<void> {
  await runClusterTool(paths, "rbd pool init", ["--conf", paths.conf, "pool", "init", "rbd"], { signal });
}

async function ceph(paths: ClusterPaths, words: readonly string[], signal: AbortSignal): Promise<void> {
  const call = `ceph ${words.slice(0, 3).join(" ")}`;
  await runClusterTool(paths, call, ["--conf", paths.conf, ...words], { signal });
}

/** Everything that creating a cluster puts into its folder, except `cluster.json`. */
function ownFiles(paths: ClusterPaths, osdIds: readonly number[]): string[] {
  const inside = ["mkfs.monmap", "mkfs.keyring", monitorName, managerName, ...osdIds.map(osdName)];
  return [
    ...inside.map((name) => join(paths.dir, name)),
    paths.conf,
    paths.keyring,
    paths.log,
    paths.crash,
    paths.run,
  ];
}

/** Removes the files of an unfinished creation. To be called only for a cluster that never was ready. */
async function removeUnfinished(paths: ClusterPaths, state: ClusterState): Promise<void> {
  const osdIds = state.osds.map(({ id }) => id);
  for (const path of ownFiles(paths, osdIds)) await rm(path, { recursive: true, force: true });
}

/**
 * Refuses a folder that has files of a cluster but no `cluster.json`: the cluster was made by other means, or its state
 * file was lost.
 * @throws DevClusterError UNSUITABLE_FOLDER.
 */
async function requireNothingForeign(paths: ClusterPaths): Promise<void> {
  for (const path of ownFiles(paths, [0])) {
    if ((await orUndefined(lstat(path))) === undefined) continue;
    throw new DevClusterError(
      "UNSUITABLE_FOLDER",
      `${path} exists, but ${paths.state}, which would describe its cluster, does not.`,
      {
        call: "lstat",
        object: path,
        hint: "Choose another folder, or remove this one if its data is not needed any more.",
      },
    );
  }
}
