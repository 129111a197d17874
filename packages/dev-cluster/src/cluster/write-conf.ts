import { open, rename } from "node:fs/promises";
import { renderConf } from "../config/conf.ts";
import type { ClusterPaths } from "./paths.ts";
import type { ClusterState } from "./state.ts";

/** Writes the conf anew, in one step: clients that read it meanwhile see the old one or the new one. */
export async function writeConf(
  paths: ClusterPaths,
  state: ClusterState,
  monitorPort: number,
  extra: Record<string, string> | undefined,
): Promise<void> {
  const text = renderConf({
    paths,
    fsid: state.fsid,
    monitorPort,
    osdBytes: state.osdBytes,
    ...(extra === undefined ? {} : { extra }),
  });
  const temporary = `${paths.conf}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  await rename(temporary, paths.conf);
}
