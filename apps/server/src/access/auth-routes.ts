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
        const user = action === null ? null : await findSession(auth, request.headers);
        const response = await auth.handler(toFetchRequest(request));
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

function toFetchRequest(request: FastifyRequest): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  headers.set(CLIENT_ADDRESS_HEADER, request.ip);
  headers.delete("content-length");
  const url = new URL(request.url, `${request.protocol}://${request.host}`);
  const body = typeof request.body === "string" ? { body: request.body } : {};
  return new Request(url, { method: request.method, headers, ...body });
}

async function answer(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  reply.code(response.status).header("cache-control", "no-store");
  for (const [name, value] of response.headers) {
    if (name === "set-cookie") continue;
    // Relative, so that it leads back to the name by which the browser reached the server.
    reply.header(name, name === "location" ? withoutOrigin(value) : value);
  }
  for (const cookie of response.headers.getSetCookie()) reply.header("set-cookie", cookie);
  return reply.send(await response.text());
}

function withoutOrigin(location: string): string {
  const { pathname, search, hash } = new URL(location, "http://localhost");
  return pathname + search + hash;
}
