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
  const server = fastify({
    logger: logOptions(logLevel, stream),
    logController: new RequestLog(),
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    bodyLimit: BODY_BYTES,
    genReqId: () => randomUUID(),
    http: {
      headersTimeout: requestTimeoutMs / 2,
      connectionsCheckingInterval: requestTimeoutMs / 6,
    },
    // The names of all procedures of a batch are one parameter of the path.
    routerOptions: { maxParamLength: 4096 },
  });
  limitBodyTime(server, requestTimeoutMs);
  return server;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** The body may take as long as it takes: the route itself gives up a silent client. */
    slowBody?: boolean;
  }
}

/**
 * Closes a connection whose request is not complete in time. Node.js has a limit of its own, but for all requests alike, and
 * the upload of a disk takes as long as it takes.
 */
function limitBodyTime(server: FastifyInstance, limitMs: number): void {
  server.addHook("onRequest", async ({ raw, routeOptions }, { raw: response }) => {
    const { headers, complete } = raw;
    const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
    if (!hasBody || complete || routeOptions.config.slowBody === true) return;
    const timer = setTimeout(() => {
      if (raw.complete) return;
      if (!response.headersSent) {
        raw.socket.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
      }
      raw.destroy();
    }, limitMs);
    timer.unref();
    for (const event of ["end", "close"]) raw.once(event, () => clearTimeout(timer));
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
