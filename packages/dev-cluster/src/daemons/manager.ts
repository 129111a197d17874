import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClusterPaths, daemonData } from "../cluster/paths.ts";
import { renderKeyring } from "../config/keyring.ts";
import { managerName } from "./cluster-daemons.ts";

/** Makes the manager's folder. Its key is known to every cluster, so a manager can be added later. */
export async function makeManager(paths: ClusterPaths, key: string): Promise<void> {
  const data = daemonData(paths, managerName);
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(data, "keyring"), renderKeyring([{ entity: managerName, key }]), { mode: 0o600 });
}
