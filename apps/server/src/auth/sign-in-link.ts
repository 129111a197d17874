import type { Database } from "../db/open-database.ts";
import type { Auth } from "./create-auth.ts";

export interface SignInLink {
  /** Opens a session, once. */
  url: string;
  username: string;
}

/**
 * Makes a link that signs its first visitor in as the longest-known administrator; null when there is none.
 * `origin` is where the server is reached: `http://localhost:4400`.
 */
export async function createSignInLink(options: {
  auth: Auth;
  database: Database;
  origin: string;
  /** Hands over the token that was made last. */
  takeToken(): string;
}): Promise<SignInLink | null> {
  const admin = await options.database
    .selectFrom("user")
    .select(["email", "username", "name"])
    .where("role", "=", "admin")
    .orderBy("createdAt")
    .executeTakeFirst();
  if (admin === undefined) return null;
  await options.auth.api.signInMagicLink({ body: { email: admin.email }, headers: new Headers() });
  const url = new URL("/api/auth/magic-link/verify", options.origin);
  url.searchParams.set("token", options.takeToken());
  url.searchParams.set("callbackURL", "/");
  url.searchParams.set("errorCallbackURL", "/sign-in/");
  return { url: url.toString(), username: admin.username ?? admin.name };
}
