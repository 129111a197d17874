import { betterAuth } from "better-auth";
import { magicLink, username } from "better-auth/plugins";
import type { FastifyBaseLogger } from "fastify";
import type { Database } from "../db/open-database.ts";
import { authLogger } from "./auth-logger.ts";
import { CLIENT_ADDRESS_HEADER } from "./client-address.ts";
import { isUsername } from "./username.ts";

/** A sign-in link is meant to be clicked at once. */
const LINK_SECONDS = 10 * 60;
const SESSION_SECONDS = 7 * 24 * 60 * 60;
const DAY_SECONDS = 24 * 60 * 60;

export interface AuthOptions {
  database: Database;
  secret: string;
  /** `http://localhost:4400`: the origin of links made without a request at hand. */
  baseUrl: string;
  log: FastifyBaseLogger;
  /** Called with each new session. */
  onSignIn(userId: string, address: string): Promise<void>;
  /** Takes a sign-in token where it is to be shown; there is no mail. */
  onSignInToken(token: string): void;
}

/** Accounts, passwords and sessions, by better-auth on our database. */
export function createAuth(options: AuthOptions) {
  return betterAuth({
    appName: "Coppice",
    baseURL: options.baseUrl,
    basePath: "/api/auth",
    secret: options.secret,
    database: { db: options.database, type: "sqlite", transaction: true },
    telemetry: { enabled: false },
    logger: authLogger(options.log),
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 12, maxPasswordLength: 256 },
    session: { expiresIn: SESSION_SECONDS, updateAge: DAY_SECONDS, cookieCache: { enabled: false } },
    user: {
      additionalFields: {
        role: { type: "string", required: true, defaultValue: "viewer", input: false },
      },
    },
    rateLimit: {
      enabled: true,
      storage: "memory",
      window: 60,
      max: 300,
      customRules: { "/sign-in/username": { window: 60, max: 10 } },
    },
    // Requests have been checked to come from our own pages before they get here (see http/same-origin.ts).
    trustedOrigins: (request) => (request === undefined ? [] : [new URL(request.url).origin]),
    advanced: {
      // Said aloud, as they are off by default when NODE_ENV is "test".
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
          after: async (session) => options.onSignIn(session.userId, session.ipAddress ?? ""),
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
        storeToken: "hashed",
        rateLimit: { window: 60, max: 20 },
        sendMagicLink: async ({ token }) => options.onSignInToken(token),
      }),
    ],
  });
}

export type Auth = ReturnType<typeof createAuth>;
