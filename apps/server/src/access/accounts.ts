import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import { secretFile } from "../base/data-dir.ts";
import type { Database } from "../db/database.ts";
import type { AuditLog } from "./audit.ts";
import { type Auth, createAuth } from "./auth.ts";
import { createSignInPath } from "./sign-in-links.ts";
import { mailOf } from "./users.ts";

/** Random bytes of the secret that signs cookies, and of the first password. */
const SECRET_BYTES = 32;
const PASSWORD_BYTES = 18;

interface OpenAuthOptions {
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

/** Sets up sign-in: the secret that signs cookies, the first administrator, and entries in the audit log. */
export async function openAuth({
  dataDir,
  database,
  audit,
  baseUrl,
  log,
}: OpenAuthOptions): Promise<OpenAuth> {
  const { secret } = await secretFile(join(dataDir, "auth-secret"), SECRET_BYTES);
  const auth = createAuth({
    database,
    secret,
    baseUrl,
    log,
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
    signInLink: (origin) => createSignInLink({ auth, database, origin }),
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
    cluster: null,
    object: null,
    outcome: "ok",
    message: null,
    address,
  });
}

const FIRST_ADMIN = "admin";

/**
 * Creates the administrator `admin` when there are no users yet, and returns whether it did. When an earlier start was
 * interrupted between the account and its password, the password is added.
 */
export async function createFirstAdmin(options: {
  auth: Auth;
  database: Database;
  password(): Promise<string>;
}): Promise<boolean> {
  const { internalAdapter, password } = await options.auth.$context;
  const anyUser = await options.database.selectFrom("user").select("id").executeTakeFirst();
  const found = await internalAdapter.findUserByEmail(mailOf(FIRST_ADMIN));
  if (anyUser !== undefined && found === null) return false;

  const admin =
    found?.user ??
    (await internalAdapter.createUser(
      {
        email: mailOf(FIRST_ADMIN),
        emailVerified: true,
        name: "Administrator",
        username: FIRST_ADMIN,
        role: "admin",
      },
      { method: "email-password" },
    ));
  if ((await internalAdapter.findCredentialAccount(admin.id)) !== null) return false;
  await internalAdapter.linkAccount({
    userId: admin.id,
    providerId: "credential",
    accountId: admin.id,
    password: await password.hash(await options.password()),
  });
  return true;
}

export interface SignInLink {
  /** Opens a session, once. */
  url: string;
  username: string;
}

/**
 * Creates a link that signs its first visitor in as the oldest administrator; null when there is none.
 * `origin` is where the server is reached: `http://localhost:4400`.
 */
async function createSignInLink(options: {
  auth: Auth;
  database: Database;
  origin: string;
}): Promise<SignInLink | null> {
  const admin = await options.database
    .selectFrom("user")
    .select(["email", "username", "name"])
    .where("role", "=", "admin")
    .where("disabledAt", "is", null)
    .orderBy("createdAt")
    .executeTakeFirst();
  if (admin === undefined) return null;
  const { path } = await createSignInPath(options.auth, admin.email, false);
  return { url: new URL(path, options.origin).toString(), username: admin.username ?? admin.name };
}
