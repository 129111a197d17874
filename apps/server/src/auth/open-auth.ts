import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import type { AuditLog } from "../audit/audit-log.ts";
import { secretFile } from "../data/secret-file.ts";
import type { Database } from "../db/open-database.ts";
import { type Auth, createAuth } from "./create-auth.ts";
import { createFirstAdmin, FIRST_ADMIN } from "./first-admin.ts";
import { createSignInLink, type SignInLink } from "./sign-in-link.ts";

/** Bytes of randomness: more than anybody guesses. */
const SECRET_BYTES = 32;
const PASSWORD_BYTES = 18;

export interface OpenAuthOptions {
  dataDir: string;
  database: Database;
  audit: AuditLog;
  baseUrl: string;
  log: FastifyBaseLogger;
}

export interface OpenAuth {
  auth: Auth;
  /** A one-time link for `origin`; null without an administrator. */
  signInLink(origin: string): Promise<SignInLink | null>;
}

/** Makes sign-in work: the secret that signs cookies, the first administrator, and sign-in in the audit log. */
export async function openAuth({
  dataDir,
  database,
  audit,
  baseUrl,
  log,
}: OpenAuthOptions): Promise<OpenAuth> {
  let lastToken = "";
  const { secret } = await secretFile(join(dataDir, "auth-secret"), SECRET_BYTES);
  const auth = createAuth({
    database,
    secret,
    baseUrl,
    log,
    onSignInToken: (token) => {
      lastToken = token;
    },
    onSignIn: (userId, address) => auditSignIn({ database, audit, userId, address }),
  });

  const passwordFile = join(dataDir, "admin-password");
  const password = async () => (await secretFile(passwordFile, PASSWORD_BYTES)).secret;
  if (await createFirstAdmin({ auth, database, password })) {
    log.info(
      { username: FIRST_ADMIN, passwordFile },
      "created the first administrator; the file holds the password",
    );
  }
  return {
    auth,
    signInLink: (origin) => createSignInLink({ auth, database, origin, takeToken: () => lastToken }),
  };
}

async function auditSignIn(options: {
  database: Database;
  audit: AuditLog;
  userId: string;
  address: string;
}): Promise<void> {
  const { database, audit, userId, address } = options;
  const user = await database
    .selectFrom("user")
    .select(["username", "name"])
    .where("id", "=", userId)
    .executeTakeFirstOrThrow();
  const username = user.username ?? user.name;
  await audit.write({
    user: { id: userId, username },
    action: "sign-in",
    object: null,
    outcome: "ok",
    message: null,
    address,
  });
}
