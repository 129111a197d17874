import type { Database } from "../db/open-database.ts";
import type { Auth } from "./create-auth.ts";

/** better-auth identifies people by mail address; ours go by username, so this leads nowhere. */
const mailOf = (username: string) => `${username}@coppice.invalid`;

export const FIRST_ADMIN = "admin";

/**
 * Creates the administrator `admin` when there is nobody yet. Returns whether it did. A start that was cut off
 * between the account and its password is made good.
 */
export async function createFirstAdmin(options: {
  auth: Auth;
  database: Database;
  password(): Promise<string>;
}): Promise<boolean> {
  const { internalAdapter, password } = await options.auth.$context;
  const someone = await options.database.selectFrom("user").select("id").executeTakeFirst();
  const found = await internalAdapter.findUserByEmail(mailOf(FIRST_ADMIN));
  if (someone !== undefined && found === null) return false;

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
