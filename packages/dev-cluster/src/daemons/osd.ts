import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runClusterTool } from "../cluster/cluster-tool.ts";
import { generateKey } from "../cluster/generate-key.ts";
import { type ClusterPaths, daemonData } from "../cluster/paths.ts";
import type { OsdState } from "../cluster/state.ts";
import { parseKey, renderKeyring } from "../config/keyring.ts";
import { orUndefined } from "../files/missing.ts";
import { writeFileAtomically } from "../files/write-file.ts";
import { osdName } from "./cluster-daemons.ts";

/**
 * Makes an OSD's store on a sparse file (`ceph-osd --mkfs`). What an earlier, unfinished attempt left is
 * removed first; its key, which `ensureOsdKey` wrote, is kept, because the cluster may know it already.
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

/** Makes the OSD known to the cluster (`ceph osd new`). Harmless when it is known already. */
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
