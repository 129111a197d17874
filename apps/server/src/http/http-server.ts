import { randomUUID } from "node:crypto";
import { format, stripVTControlCharacters } from "node:util";
import { type FastifyBaseLogger, type FastifyInstance, fastify } from "fastify";
import { logOptions, RequestLog } from "./request-log.ts";

/** No request of the dashboard is a tenth as long. */
const BODY_BYTES = 256 * 1024;

interface HttpServerOptions {
  logLevel: string;
  trustProxy: readonly string[];
  /** How long a client may take to send a request. */
  requestTimeoutMs?: number;
  /** Where the log goes; standard error by default. */
  stream?: { write(line: string): void };
}

/** Fastify with the limits that hold for every route, and the log. It has no routes yet, and does not listen. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { logLevel, trustProxy, requestTimeoutMs = 30_000, stream = process.stderr } = options;
  return fastify({
    logger: logOptions(logLevel, stream),
    logController: new RequestLog(),
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    bodyLimit: BODY_BYTES,
    genReqId: () => randomUUID(),
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: requestTimeoutMs / 2,
      connectionsCheckingInterval: requestTimeoutMs / 6,
    },
    // The names of all procedures of a batch are one parameter of the path.
    routerOptions: { maxParamLength: 4096 },
  });
}

/** Sends what libraries print to the log, without colors, so that each of its lines is JSON. */
export function logConsole(log: FastifyBaseLogger): void {
  for (const level of ["debug", "info", "warn", "error"] as const) {
    console[level] = (...parts: unknown[]) =>
      log[level]({ from: "console" }, stripVTControlCharacters(format(...parts)));
  }
  console.log = console.info;
}
