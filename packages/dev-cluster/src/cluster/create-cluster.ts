import { randomUUID } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { adminCaps, managerCaps, monitorCaps, renderKeyring } from "../config/keyring.ts";
import { chooseMonitorPort } from "../config/ports.ts";
import { writeConf } from "../config/write-conf.ts";
import { managerName } from "../daemons/cluster-daemons.ts";
import { makeManager } from "../daemons/manager.ts";
import { makeMonitor } from "../daemons/monitor.ts";
import { writeFileAtomically } from "../files/write-file.ts";
import { chooseOsdBytes, requireDirectIo } from "../machine/folder.ts";
import { memoryNeeded, requireMemory } from "../machine/memory.ts";
import { together } from "../process/together.ts";
import { bringUp } from "./bring-up.ts";
import { createPool, disableDeviceHealth, initialisePool } from "./first-settings.ts";
import { generateKey } from "./generate-key.ts";
import { removeUnfinished, requireNothingForeign } from "./own-files.ts";
import type { StartContext } from "./start-context.ts";
import { type ClusterState, writeState } from "./state.ts";

/** Makes a new cluster, first removing what is left of one whose making was never finished. */
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
    onProgress("Removing what an unfinished start left");
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
  const [adminKey = "", managerKey = "", monitorKey = ""] = await together(
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
