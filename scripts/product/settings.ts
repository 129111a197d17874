import { resolve } from "node:path";
import { Refusal } from "../prepare/say.mjs";

export interface ProductSettings {
  /** TCP port of the one origin that serves everything. */
  port: number;
  host: string;
  /** Directory that holds all state, absolute. */
  dataDir: string;
  /** The cluster to use; `undefined` means a private one in `dataDir`/ceph. */
  cephConf: string | undefined;
}

/** Reads what the launcher itself must know; the server checks its own settings again. @throws Refusal */
export function readSettings(env: NodeJS.ProcessEnv): ProductSettings {
  const port = Number(env.COPPICE_PORT || 4400);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Refusal(`COPPICE_PORT is "${env.COPPICE_PORT}", which is not a port number (1 to 65535).`);
  }
  return {
    port,
    host: env.COPPICE_HOST || "127.0.0.1",
    dataDir: resolve(env.COPPICE_DATA || ".coppice"),
    cephConf: env.CEPH_CONF ? resolve(env.CEPH_CONF) : undefined,
  };
}
