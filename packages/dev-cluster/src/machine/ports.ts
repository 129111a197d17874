import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { DevClusterError } from "../errors.ts";

/** Below the ephemeral range (32768 and up), so that no outgoing connection ever takes one of these. */
export const firstPort = 20_000;
export const portCount = 10_000;

/**
 * The ports a cluster in `dir` tries, in order. Different folders begin at different places, so that
 * clusters which start at the same moment rarely want the same port.
 */
export function* candidatePorts(dir: string, limit = 500): Generator<number> {
  const seed = createHash("sha256").update(dir).digest().readUInt32LE(0) % portCount;
  for (let step = 0; step < limit; step++) yield firstPort + ((seed + step) % portCount);
}

/** Whether this process could listen on 127.0.0.1:`port` now. Only the daemon's own bind decides. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  server.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
    else reject(error);
  });
  server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  return await promise;
}

/** @throws DevClusterError NO_FREE_PORT when none of the candidates is free. */
export async function chooseMonitorPort(
  dir: string,
  avoid: ReadonlySet<number> = new Set(),
  isFree: (port: number) => Promise<boolean> = isPortFree,
): Promise<number> {
  for (const port of candidatePorts(dir)) {
    if (!avoid.has(port) && (await isFree(port))) return port;
  }
  throw new DevClusterError("NO_FREE_PORT", "No free port on 127.0.0.1 was found for the monitor.", {
    call: "listen",
    object: `127.0.0.1:${firstPort}-${firstPort + portCount - 1}`,
    hint: "Stop clusters that are not needed any more.",
  });
}
