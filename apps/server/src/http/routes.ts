import compress from "@fastify/compress";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import type { FastifyError, FastifyInstance, FastifyRequest } from "fastify";
import { hashOf, keyIn } from "../access/api-keys.ts";
import type { AuditLog } from "../access/audit.ts";
import { auditExport } from "../access/audit-export.ts";
import type { Auth } from "../access/auth.ts";
import { authRoutes } from "../access/auth-routes.ts";
import type { Callers } from "../access/callers.ts";
import type { Sessions } from "../access/session.ts";
import type { Clusters } from "../cluster/clusters.ts";
import { type MetricsOptions, metricsRoute } from "../metrics/metrics-route.ts";
import { restRoutes } from "../rest/rest-routes.ts";
import type { AppRouter } from "../router.ts";
import { exportRoutes } from "../volumes/export.ts";
import { type Uploads, uploadRoutes } from "../volumes/upload.ts";
import { type HealthOptions, healthRoutes } from "./health.ts";
import { shortened } from "./request-log.ts";
import { staticSite } from "./static-site.ts";
import { trpcRoutes } from "./trpc-routes.ts";

interface HttpOptions {
  server: FastifyInstance;
  auth: Auth;
  sessions: Sessions;
  callers: Callers;
  audit: AuditLog;
  router: AppRouter;
  uploads: Uploads;
  clusters: Clusters;
  version: string;
  metrics: Omit<MetricsOptions, "callers">;
  health: HealthOptions;
  webDir: string;
  publicUrl: string | null;
  /** How many requests an address may make in a minute. */
  requestLimit: number;
  /** How many requests an API key may make in a minute. */
  keyRequestLimit: number;
}

/** Registers all routes of the server on one Fastify instance. */
export async function addRoutes({
  server,
  auth,
  sessions,
  callers,
  audit,
  router,
  uploads,
  clusters,
  version,
  metrics,
  health,
  webDir,
  publicUrl,
  requestLimit,
  keyRequestLimit,
}: HttpOptions): Promise<void> {
  const https = publicUrl?.startsWith("https:") ?? false;
  await server.register(helmet, {
    // For everything that is not a page. Pages have policies of their own.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { "default-src": ["'none'"], "frame-ancestors": ["'none'"] },
    },
    strictTransportSecurity: https,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
  await compressResponses(server);
  handleErrors(server);
  server.addHook("onRequest", async (request, reply) => void reply.header("x-request-id", request.id));
  await limitRequests(server, requestLimit);
  limitKeys(server, keyRequestLimit);
  requireSameOrigin(server, publicUrl);
  await server.register(healthRoutes, health);
  await server.register(authRoutes, {
    auth,
    sessions,
    audit,
    database: health.database,
    clock: health.clock,
  });
  await server.register(trpcRoutes, { callers, audit, router });
  await server.register(restRoutes, { callers, audit, router, version });
  await server.register(uploadRoutes, { uploads, callers });
  await server.register(exportRoutes, { clusters, callers, audit });
  await server.register(auditExport, { callers, audit });
  await server.register(metricsRoute, { ...metrics, callers });
  await staticSite(server, { webDir, https });
}

/** Errors outside of tRPC. The caller is told about its own mistakes; errors of the server are only logged. */
function handleErrors(server: FastifyInstance): void {
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ code: error.code, message: error.message });
    request.log.error({ err: error, req: request }, "request failed");
    return reply.code(status).send({
      code: "INTERNAL",
      message: "Something went wrong in the server.",
      hint: `The server's log has the details, under the request ${request.id}.`,
    });
  });
}

/**
 * Limits how many requests an address makes, before anything else is done for them. A dashboard makes a few in a
 * second; a page that is opened for the first time, some fifty.
 */
async function limitRequests(server: FastifyInstance, max: number): Promise<void> {
  await server.register(rateLimit, {
    global: false,
    max,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { after, statusCode }) =>
      Object.assign(new Error(`Too many requests from this address. Try again in ${after}.`), {
        statusCode,
        code: "TOO_MANY_REQUESTS",
      }),
  });
  server.addHook("onRequest", server.rateLimit());
}

/** Limits how many requests are made with one API key, from all addresses together. */
function limitKeys(server: FastifyInstance, max: number): void {
  const limit = server.createRateLimit({
    max,
    timeWindow: 60_000,
    keyGenerator: ({ headers }) => `key ${hashOf(keyIn(headers) ?? "")}`,
  });
  server.addHook("onRequest", async (request, reply) => {
    if (keyIn(request.headers) === null) return;
    const state = await limit(request);
    if (state.isAllowed || !state.isExceeded) return;
    return reply
      .code(429)
      .header("retry-after", state.ttlInSeconds)
      .send({
        code: "TOO_MANY_REQUESTS",
        message: "Too many requests with this API key. Try again later.",
        hint: `${max} in a minute are allowed (COPPICE_KEY_REQUEST_LIMIT).`,
        object: null,
      });
  });
}

/** An event stream is not compressed: each event must reach the browser at once, not when a block is full. */
const COMPRESSIBLE = /^(text\/(?!event-stream)|application\/(json|javascript)|image\/svg\+xml)/;

/**
 * Compresses long text responses: the forest of 10,000 images is 3 MB, and a tenth of that compressed. Only fast
 * methods are used; brotli at its default level takes longer than the transfer it saves.
 */
async function compressResponses(server: FastifyInstance): Promise<void> {
  await server.register(compress, {
    encodings: ["zstd", "gzip"],
    threshold: 4096,
    customTypes: (contentType) => COMPRESSIBLE.test(contentType),
    globalDecompression: false, // no client needs it, and a small request could expand to gigabytes
  });
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses requests that change something when they were made by a page of another site. Browsers send the origin of
 * a request. A request with a cookie but without an origin is refused too, so that an old browser is no way around.
 *
 * The origin of the page must be the one that the request was sent to. This works for every name the server is reached
 * by, and a foreign name that resolves to this server (DNS rebinding) gains nothing: its pages have no session cookie.
 */
function requireSameOrigin(server: FastifyInstance, publicUrl: string | null): void {
  server.addHook("onRequest", async (request, reply) => {
    if (READS.has(request.method) || isOwn(request, publicUrl)) return;
    const origin = shortened(request.headers.origin ?? "");
    request.log.warn({ req: request, origin }, "refused a request of another origin");
    return reply.code(403).send({
      code: "FOREIGN_ORIGIN",
      message: "This request does not come from Coppice's own pages, so it was refused.",
      hint: "Behind a proxy, set COPPICE_URL to the address that people use.",
    });
  });
}

function isOwn(request: FastifyRequest, publicUrl: string | null): boolean {
  const { origin, cookie } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  if (origin === undefined) return cookie === undefined || site === "same-origin";
  return origin === publicUrl || origin === `${request.protocol}://${request.host}`;
}
