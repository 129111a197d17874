import { createServer } from "node:net";
import { ConfigError, checkFiles, readConfig } from "../../apps/server/src/base/config.ts";
import { DataDirInUseError, lockLauncher, prepareDataDir } from "../../apps/server/src/base/data-dir.ts";
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

/**
 * Reads the settings as the server will, so that a wrong one is refused before anything is started. @throws UserError
 */
export async function readSettings(env: NodeJS.ProcessEnv): Promise<ProductSettings> {
  try {
    const config = readConfig(env);
    await checkFiles(config);
    const { port, host, dataDir, clusters } = config;
    return { port, host, dataDir, cephConf: clusters[0].conf ?? undefined };
  } catch (error) {
    throw error instanceof ConfigError ? new UserError(error.message) : error;
  }
}

/**
 * Creates the data directory and locks it until this process ends. @throws UserError when another `npm start`, or
 * another server, uses it
 */
export async function lockDataDir(dir: string): Promise<Disposable> {
  await prepareDataDir(dir);
  try {
    return lockLauncher(dir);
  } catch (error) {
    throw error instanceof DataDirInUseError ? new UserError(error.message) : error;
  }
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
