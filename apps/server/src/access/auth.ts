import { createHash } from "node:crypto";
import { betterAuth } from "better-auth";
import { APIError } from "better-auth/api";
import { magicLink, username } from "better-auth/plugins";
import type { FastifyBaseLogger } from "fastify";
import type { Database } from "../db/database.ts";
import { shortened } from "../http/request-log.ts";

/** A sign-in link is meant to be opened at once; one for somebody else is made to last longer (see sign-in-links.ts). */
const LINK_SECONDS = 10 * 60;
/** Characters of a password. */
export const LEAST_PASSWORD = 12;
export const LONGEST_PASSWORD = 256;
const SESSION_SECONDS = 7 * 24 * 60 * 60;
const DAY_SECONDS = 24 * 60 * 60;

interface AuthOptions {
  database: Database;
  secret: string;
  /** `http://localhost:4400`: the origin of links made without a request at hand. */
  baseUrl: string;
  log: FastifyBaseLogger;
  /** Called with each new session. */
  onSignIn(userId: string, address: string): Promise<void>;
}

/** Accounts, passwords and sessions: better-auth on the server's database. */
export function createAuth(options: AuthOptions) {
  return betterAuth({
    appName: "Coppice",
    baseURL: options.baseUrl,
    basePath: "/api/auth",
    secret: options.secret,
    database: { db: options.database, type: "sqlite", transaction: true },
    telemetry: { enabled: false },
    logger: authLogger(options.log),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: LEAST_PASSWORD,
      maxPasswordLength: LONGEST_PASSWORD,
    },
    session: { expiresIn: SESSION_SECONDS, updateAge: DAY_SECONDS, cookieCache: { enabled: false } },
    user: {
      additionalFields: {
        role: { type: "string", required: true, defaultValue: "viewer", input: false },
        disabledAt: { type: "string", required: false, input: false },
      },
    },
    rateLimit: {
      enabled: true,
      storage: "memory",
      window: 60,
      max: 300,
      customRules: { "/sign-in/username": { window: 60, max: 10 } },
    },
    // Requests have been checked to come from the dashboard's own pages before they get here (see http/routes.ts).
    trustedOrigins: (request) => (request === undefined ? [] : [new URL(request.url).origin]),
    advanced: {
      // Set explicitly, because they default to true when NODE_ENV is "test".
      disableOriginCheck: false,
      disableCSRFCheck: false,
      cookiePrefix: "coppice",
      useSecureCookies: options.baseUrl.startsWith("https:"),
      defaultCookieAttributes: { httpOnly: true, sameSite: "strict", path: "/" },
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
    },
    databaseHooks: {
      session: {
        create: {
          before: async ({ userId }, context) => {
            // Through better-auth, which may be in a transaction: a query of our own would wait for its end for ever.
            const user = await context?.context.internalAdapter.findUserById(userId);
            if (user != null && "disabledAt" in user && user.disabledAt === null) return;
            throw new APIError("FORBIDDEN", {
              code: "USER_DISABLED",
              message: "This account is disabled. Ask an administrator to enable it.",
            });
          },
          after: async (session, context) => {
            // A change of the password replaces the session of the person who made it.
            if (context?.path !== "/change-password")
              await options.onSignIn(session.userId, session.ipAddress ?? "");
          },
        },
      },
    },
    plugins: [
      username({
        displayUsername: false,
        minUsernameLength: 2,
        maxUsernameLength: 64,
        usernameValidator: isUsername,
      }),
      magicLink({
        disableSignUp: true,
        expiresIn: LINK_SECONDS,
        storeToken: { type: "custom-hasher", hash: async (token) => hashOfToken(token) },
        rateLimit: { window: 60, max: 20 },
        // Nothing is mailed: whoever asked for the link is handed its token.
        sendMagicLink: async ({ token, metadata }) => void metadata?.handOver(token),
      }),
    ],
  });
}

export type Auth = ReturnType<typeof createAuth>;

/**
 * Carries the caller's address to better-auth. The server sets it on every request from the connection, so that a
 * client cannot avoid the rate limit by sending the header itself.
 */
export const CLIENT_ADDRESS_HEADER = "x-coppice-client-address";

/** How the token of a sign-in link is stored. */
export function hashOfToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Letters, digits, dot, dash, underscore; begins with a letter or digit. */
export function isUsername(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{1,63}$/i.test(text);
}

/** Sends better-auth's messages to the server's log, without their details, which may hold secrets. */
function authLogger(log: FastifyBaseLogger) {
  return {
    level: "warn" as const,
    disableColors: true,
    log(level: "debug" | "info" | "warn" | "error", message: string, ...details: unknown[]) {
      const err = details.find((detail) => detail instanceof Error);
      log[level]({ from: "better-auth", ...(err === undefined ? {} : { err }) }, shortened(message));
    },
  };
}
