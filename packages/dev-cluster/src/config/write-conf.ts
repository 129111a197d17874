import { readFile } from "node:fs/promises";
import type { ClusterPaths } from "../cluster/paths.ts";
import type { ClusterState } from "../cluster/state.ts";
import { DevClusterError } from "../errors.ts";
import { orUndefined } from "../files/missing.ts";
import { writeFileAtomically } from "../files/write-file.ts";
import { objectClassFolder } from "../machine/class-folder.ts";
import { parseMonitorHost, renderConf } from "./conf.ts";
import { parseKey } from "./keyring.ts";
import type { Settings } from "./settings.ts";

/** Writes the conf anew, in one step: clients that read it meanwhile see the old one or the new one. */
export async function writeConf(
  paths: ClusterPaths,
  state: ClusterState,
  monitorPort: number,
  extra: Settings = {},
): Promise<void> {
  const adminKey = parseKey((await orUndefined(readFile(paths.keyring, "utf8"))) ?? "", "client.admin");
  if (adminKey === undefined) throw incomplete(paths.keyring, "holds no key of client.admin");
  const { fsid, osdBytes } = state;
  const classFolder = await objectClassFolder();
  const conf = renderConf({ paths, fsid, monitorPort, osdBytes, classFolder, adminKey, extra });
  await writeFileAtomically(paths.conf, conf);
}

/** The port in the conf; for a monitor that runs, whose map cannot be read. */
export async function readConfPort(paths: ClusterPaths): Promise<number> {
  const port = parseMonitorHost((await orUndefined(readFile(paths.conf, "utf8"))) ?? "");
  if (port === undefined) throw incomplete(paths.conf, "does not say where the running monitor listens");
  return port;
}

function incomplete(path: string, how: string): DevClusterError {
  return new DevClusterError("STATE_UNREADABLE", `${path} ${how}.`, {
    call: "read",
    object: path,
    hint: "Stop the cluster and put the file back as it was.",
  });
}
