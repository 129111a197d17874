import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Database } from "../db/database.ts";
import type { AuditLog } from "./audit.ts";
import { type Auth, CLIENT_ADDRESS_HEADER } from "./auth.ts";
import type { Sessions } from "./session.ts";
import { SignInThrottle } from "./sign-in-throttle.ts";

/** The only parts of better-auth that can be reached from outside. */
const ROUTES = [
  { method: "POST", path: "/api/auth/sign-out", action: "sign-out" },
  { method: "POST", path: "/api/auth/change-password", action: "change-password" },
  { method: "GET", path: "/api/auth/get-session", action: null },
  { method: "GET", path: "/api/auth/magic-link/verify", action: null },
] as const;

/** With this many wrong passwords in a quarter of an hour an address can sign in to that account no more until its end. */
const FAILED_FROM_ADDRESS = { max: 10, timeWindow: 15 * 60_000 };

/**
 * After this many wrong passwords in a quarter of an hour, from all addresses together, addresses that are new to the
 * account wait for their turn. Nobody can lock an account: addresses from which it was signed in to before do not wait.
 */
const FAILED_ON_ACCOUNT = { max: 30, timeWindow: 15 * 60_000 };

interface AuthRoutesOptions {
  auth: Auth;
  sessions: Sessions;
  audit: AuditLog;
  database: Database;
  clock: Clock;
}

/** Sign-in, sign-out and the change of a password, outside of tRPC. */
export async function authRoutes(server: FastifyInstance, options: AuthRoutesOptions): Promise<void> {
  const { auth, sessions, audit } = options;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    "application/json",
    { parseAs: "string", bodyLimit: 16 * 1024 },
    (_request, body, done) => done(null, body),
  );
  signInRoute(server, options);
  for (const { method, path, action } of ROUTES) {
    server.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const fetchRequest = toFetchRequest(request);
        if (fetchRequest === null) return refuseHost(reply);
        const session = action === null ? null : await sessions.find(request.headers);
        const response = await auth.handler(fetchRequest);
        if (action === null || session === null) return answer(reply, response);
        if (response.ok && action === "sign-out") sessions.end(session.id);
        if (response.ok && action === "change-password") sessions.endAll(session.user.id);
        await audit.write({
          user: session.user,
          action,
          cluster: null,
          object: null,
          outcome: response.ok ? "ok" : String(response.status),
          message: null,
          address: request.ip,
        });
        return answer(reply, response);
      },
    });
  }
}

/** Signing in with a password. Failures are logged, and are in the audit log when the account exists. */
function signInRoute(server: FastifyInstance, { auth, audit, database, clock }: AuthRoutesOptions): void {
  const failedFromAddress = server.createRateLimit({
    ...FAILED_FROM_ADDRESS,
    keyGenerator: (request) => `account ${typedUsername(request)} from ${request.ip}`,
  });
  const failedOnAccount = server.createRateLimit({
    ...FAILED_ON_ACCOUNT,
    keyGenerator: (request) => `account ${typedUsername(request)}`,
  });
  const throttle = new SignInThrottle(clock);
  const refuse = (request: FastifyRequest, reply: FastifyReply, seconds: number) => {
    request.log.warn({ address: request.ip }, "refused a sign-in: too many wrong passwords for this account");
    return reply.code(429).header("retry-after", seconds).send({
      code: "TOO_MANY_REQUESTS",
      message: "Too many wrong passwords for this account. Try again later.",
    });
  };
  server.post("/api/auth/sign-in/username", async (request, reply) => {
    const fetchRequest = toFetchRequest(request);
    if (fetchRequest === null) return refuseHost(reply);
    const username = typedUsername(request);
    const own = await failedFromAddress(request, { increment: false });
    if (!own.isAllowed && own.remaining === 0) return refuse(request, reply, own.ttlInSeconds);
    const all = await failedOnAccount(request, { increment: false });
    if (!all.isAllowed && all.remaining === 0 && !(await isKnownAddress(database, username, request.ip))) {
      if (!(await throttle.turn(username))) return refuse(request, reply, BUSY_SECONDS);
    }
    const response = await auth.handler(fetchRequest);
    if (response.status === 401) {
      await Promise.all([failedFromAddress(request), failedOnAccount(request)]);
      const user = await findAccount(database, username);
      // A name that is no account may be a password in the wrong field: it is written nowhere.
      request.log.warn({ username: user?.username ?? null, address: request.ip }, "a sign-in failed");
      if (user !== null) {
        await audit.write({
          user,
          action: "sign-in",
          cluster: null,
          object: null,
          outcome: "WRONG_PASSWORD",
          message: "The password was wrong.",
          address: request.ip,
        });
      }
    }
    return answer(reply, response);
  });
}

/** When to try again while too many attempts on an account wait for their turn. */
const BUSY_SECONDS = 10;

/** Whether somebody has signed in to the account from this address before. */
async function isKnownAddress(database: Database, username: string, address: string): Promise<boolean> {
  const found = await database
    .selectFrom("audit")
    .select("id")
    .where("action", "=", "sign-in")
    .where("outcome", "=", "ok")
    .where("username", "=", username)
    .where("address", "=", address)
    .executeTakeFirst();
  return found !== undefined;
}

const signInBody = z.object({ username: z.string().max(256) });

/** The name that was typed, in the form in which names are stored; "" when there is none. */
function typedUsername({ body }: FastifyRequest): string {
  try {
    return signInBody.parse(JSON.parse(String(body))).username.toLowerCase();
  } catch {
    return "";
  }
}

async function findAccount(
  database: Database,
  username: string,
): Promise<{ id: string; username: string } | null> {
  const found = await database
    .selectFrom("user")
    .select("id")
    .where("username", "=", username)
    .executeTakeFirst();
  return found === undefined ? null : { id: found.id, username };
}

function refuseHost(reply: FastifyReply): FastifyReply {
  return reply.code(400).send({ code: "BAD_REQUEST", message: "The Host header is not a host." });
}

/** The address of a request on this server; null when its Host header is not one. */
function ownUrl({ protocol, host, url }: FastifyRequest): URL | null {
  if (!URL.canParse(`${protocol}://${host}`) || !URL.canParse(url, "http://localhost")) return null;
  const own = new URL(`${protocol}://${host}`);
  // A request may name another origin in its first line: only its path and query count.
  const { pathname, search } = new URL(url, "http://localhost");
  return Object.assign(own, { pathname, search });
}

/** The request as better-auth reads it; null when its Host header is not one. */
function toFetchRequest(request: FastifyRequest): Request | null {
  const url = ownUrl(request);
  if (url === null) return null;
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  headers.set(CLIENT_ADDRESS_HEADER, request.ip);
  headers.delete("content-length");
  const body = typeof request.body === "string" ? { body: forAuth(url.pathname, request.body) } : {};
  return new Request(url, { method: request.method, headers, ...body });
}

/** A change of the password signs out whoever knew the old one, whatever the request says about it. */
function forAuth(path: string, body: string): string {
  if (path !== "/api/auth/change-password") return body;
  try {
    return JSON.stringify({ ...JSON.parse(body), revokeOtherSessions: true });
  } catch {
    return body; // better-auth refuses it
  }
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
