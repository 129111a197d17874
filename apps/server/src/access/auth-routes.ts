import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AuditLog } from "./audit.ts";
import { type Auth, CLIENT_ADDRESS_HEADER } from "./auth.ts";
import { findSession } from "./session.ts";

/** The only parts of better-auth that can be reached from outside. */
const ROUTES = [
  { method: "POST", path: "/api/auth/sign-in/username", audit: null },
  { method: "POST", path: "/api/auth/sign-out", audit: "sign-out" },
  { method: "POST", path: "/api/auth/change-password", audit: "change-password" },
  { method: "GET", path: "/api/auth/get-session", audit: null },
  { method: "GET", path: "/api/auth/magic-link/verify", audit: null },
] as const;

/** Sign-in, sign-out and the change of a password, outside of tRPC. */
export async function authRoutes(
  server: FastifyInstance,
  options: { auth: Auth; audit: AuditLog },
): Promise<void> {
  const { auth, audit } = options;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    "application/json",
    { parseAs: "string", bodyLimit: 16 * 1024 },
    (_request, body, done) => done(null, body),
  );
  for (const { method, path, audit: action } of ROUTES) {
    server.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const url = ownUrl(request);
        if (url === null)
          return reply.code(400).send({ code: "BAD_REQUEST", message: "The Host header is not a host." });
        const user = action === null ? null : await findSession(auth, request.headers);
        const response = await auth.handler(toFetchRequest(request, url));
        if (action !== null && user !== null) {
          const outcome = response.ok ? "ok" : String(response.status);
          await audit.write({
            user,
            action,
            cluster: null,
            object: null,
            outcome,
            message: null,
            address: request.ip,
          });
        }
        return answer(reply, response);
      },
    });
  }
}

/** The address of a request on this server; null when its Host header is not one. */
function ownUrl({ protocol, host, url }: FastifyRequest): URL | null {
  if (!URL.canParse(`${protocol}://${host}`) || !URL.canParse(url, "http://localhost")) return null;
  const own = new URL(`${protocol}://${host}`);
  // A request may name another origin in its first line: only its path and query count.
  const { pathname, search } = new URL(url, "http://localhost");
  return Object.assign(own, { pathname, search });
}

function toFetchRequest(request: FastifyRequest, url: URL): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  headers.set(CLIENT_ADDRESS_HEADER, request.ip);
  headers.delete("content-length");
  const body = typeof request.body === "string" ? { body: request.body } : {};
  return new Request(url, { method: request.method, headers, ...body });
}

async function answer(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  reply.code(response.status).header("cache-control", "no-store");
  for (const [name, value] of response.headers) {
    if (name === "set-cookie") continue;
    reply.header(name, name === "location" ? withoutOrigin(value) : value);
    if (name === "x-retry-after") reply.header("retry-after", value);
  }
  for (const cookie of response.headers.getSetCookie()) reply.header("set-cookie", cookie);
  return reply.send(await response.text());
}

/**
 * The path of a redirect, so that it leads back to the name by which the browser reached the server. better-auth has
 * checked that it stays on this server. A path that begins with two slashes would not: a browser reads it as a host.
 */
function withoutOrigin(location: string): string {
  const { pathname, search, hash } = new URL(location, "http://localhost");
  return pathname.replace(/^\/+/, "/") + search + hash;
}
