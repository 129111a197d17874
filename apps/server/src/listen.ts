import type { FastifyInstance } from "fastify";
import type { Config } from "./base/config.ts";

/** Opens the port and returns the origin that people on this machine use. @throws {ExitError} */
export async function listen(server: FastifyInstance, config: Config): Promise<string> {
  const { host, port } = config;
  try {
    await server.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EADDRINUSE") {
      throw new ExitError(
        `Port ${port} is taken by another program. Stop it, or choose another port in COPPICE_PORT.`,
        EXIT.portTaken,
        { cause: error },
      );
    }
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EACCES") {
      throw new ExitError(
        `The server cannot listen on ${host}, port ${port} (${code}). Check COPPICE_HOST and COPPICE_PORT.`,
        EXIT.setting,
        { cause: error },
      );
    }
    throw error;
  }
  const address = server.server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  return config.publicUrl ?? `http://${nameOf(host)}:${actual}`;
}

function nameOf(host: string): string {
  const local = ["127.0.0.1", "::1", "0.0.0.0", "::", "localhost"];
  if (local.includes(host)) return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

/** A start that failed for a reason that the person at the terminal can correct. The message alone is shown. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Exit codes of a start that failed. */
export const EXIT = { setting: 2, portTaken: 3, dataDirInUse: 4 } as const;
