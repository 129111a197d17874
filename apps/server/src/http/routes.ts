import compress from "@fastify/compress";
import helmet from "@fastify/helmet";
import type { FastifyError, FastifyInstance, FastifyRequest } from "fastify";
import type { AuditLog } from "../access/audit.ts";
import type { Auth } from "../access/auth.ts";
import { authRoutes } from "../access/auth-routes.ts";
import type { AppRouter } from "../router.ts";
import { type HealthOptions, healthRoutes } from "./health.ts";
import { staticSite } from "./static-site.ts";
import { trpcRoutes } from "./trpc-routes.ts";

export interface HttpOptions {
  server: FastifyInstance;
  auth: Auth;
  audit: AuditLog;
  router: AppRouter;
  health: HealthOptions;
  webDir: string;
  publicUrl: string | null;
}

/** Puts everything the server answers on one Fastify instance. */
export async function addRoutes({
  server,
  auth,
  audit,
  router,
  health,
  webDir,
  publicUrl,
}: HttpOptions): Promise<void> {
  const https = publicUrl?.startsWith("https:") ?? false;
  await server.register(helmet, {
    // What is not a page needs nothing at all; pages bring their own policy.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { "default-src": ["'none'"], "frame-ancestors": ["'none'"] },
    },
    strictTransportSecurity: https,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
  await compressAnswers(server);
  answerErrors(server);
  requireSameOrigin(server, publicUrl);
  await server.register(healthRoutes, health);
  await server.register(authRoutes, { auth, audit });
  await server.register(trpcRoutes, { auth, audit, router });
  await staticSite(server, { webDir, https });
}

/** Errors outside of tRPC: what the caller did wrong is said, what went wrong in here is only logged. */
export function answerErrors(server: FastifyInstance): void {
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ code: error.code, message: error.message });
    request.log.error({ err: error, req: request }, "request failed");
    return reply.code(status).send({
      code: "INTERNAL",
      message: "Something went wrong in the server.",
      hint: "The server's log has the details.",
    });
  });
}

/** An event stream must reach the browser event by event, not when a block is full. */
const WORTH_IT = /^(text\/(?!event-stream)|application\/(json|javascript)|image\/svg\+xml)/;

/**
 * Compresses what is long and made of text: the forest of 10,000 images is 3 MB, and a tenth of that compressed.
 * Only the quick methods; brotli at its default takes longer than the network it saves.
 */
export async function compressAnswers(server: FastifyInstance): Promise<void> {
  await server.register(compress, {
    encodings: ["zstd", "gzip"],
    threshold: 4096,
    customTypes: (contentType) => WORTH_IT.test(contentType),
    globalDecompression: false, // nobody sends us compressed requests, or compressed bombs
  });
}

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses requests that change something when they were made by another site's page. Browsers say where a request
 * comes from; a request with a cookie that says nothing is refused too, so that no old browser slips through.
 *
 * The page's origin must be the one the request was sent to. That holds for any name the server is reached by,
 * and a foreign name pointed at this server (DNS rebinding) gains nothing: its pages have none of our cookies.
 */
export function requireSameOrigin(server: FastifyInstance, publicUrl: string | null): void {
  server.addHook("onRequest", async (request, reply) => {
    if (READS.has(request.method) || isOwn(request, publicUrl)) return;
    request.log.warn({ req: request, origin: request.headers.origin }, "refused a request of another origin");
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
