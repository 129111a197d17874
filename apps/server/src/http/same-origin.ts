import type { FastifyInstance, FastifyRequest } from "fastify";

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
