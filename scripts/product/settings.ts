import { createServer } from "node:net";
import { resolve } from "node:path";
import { UserError } from "../prepare/output.mjs";

export interface ProductSettings {
  /** TCP port of the one origin that serves everything. */
  port: number;
  host: string;
  /** Directory that holds all state, absolute. */
  dataDir: string;
  /** The cluster to use; `undefined` means a private one in `dataDir`/ceph. */
  cephConf: string | undefined;
}

/** Reads the settings that the launcher needs; the server checks its own settings again. @throws UserError */
export function readSettings(env: NodeJS.ProcessEnv): ProductSettings {
  const port = Number(env.COPPICE_PORT || 4400);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UserError(`COPPICE_PORT is "${env.COPPICE_PORT}", which is not a port number (1 to 65535).`);
  }
  return {
    port,
    host: env.COPPICE_HOST || "127.0.0.1",
    dataDir: resolve(env.COPPICE_DATA || ".coppice"),
    cephConf: env.CEPH_CONF ? resolve(env.CEPH_CONF) : undefined,
  };
}

/** Refuses a port on which another process listens, before anything is started. @throws UserError */
export async function refuseTakenPort(host: string, port: number): Promise<void> {
  const probe = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  probe.once("error", (error: NodeJS.ErrnoException) => reject(portError(error, host, port)));
  probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  return promise;
}

function portError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new UserError(
        `Port ${port} is taken: another program, or another Coppice, listens on ${host}:${port}.`,
        `Stop it, or choose another port:  COPPICE_PORT=${port + 1} npm start`,
      );
    case "EACCES":
      return new UserError(`Port ${port} needs root.`, "Choose one above 1023:  COPPICE_PORT=4400 npm start");
    case "EADDRNOTAVAIL":
      return new UserError(`COPPICE_HOST is ${host}, which is no address of this machine.`);
    default:
      return error;
  }
}
