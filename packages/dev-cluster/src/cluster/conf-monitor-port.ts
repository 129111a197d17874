import { readFile } from "node:fs/promises";
import { DevClusterError } from "../errors.ts";

/** The port in a conf that `renderConf` wrote; for a monitor that runs and cannot be asked for its map. */
export async function confMonitorPort(conf: string): Promise<number> {
  const text = await readFile(conf, "utf8");
  const port = /^mon host = \[v2:127\.0\.0\.1:(\d+)\]$/m.exec(text)?.[1];
  if (port !== undefined) return Number(port);
  throw new DevClusterError("STATE_UNREADABLE", `${conf} does not say where the running monitor listens.`, {
    call: "read",
    object: conf,
    hint: "Stop the cluster, then start it again: its conf is written anew.",
  });
}
