import { sql } from "kysely";
import { z } from "zod";
import { adminProcedure } from "../api/procedures.ts";
import { noInput } from "../api/schemas.ts";
import { ROLES, type Role, t } from "../api/trpc.ts";
import { type Clock, isoTime } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import type { Database } from "../db/database.ts";
import { type Auth, isUsername, LEAST_PASSWORD, LONGEST_PASSWORD } from "./auth.ts";
import { createSignInPath, type SignInPath } from "./sign-in-links.ts";

const userRow = z.object({
  id: z.string(),
  username: z.string(),
  name: z.string(),
  /** Null for a stored role that this version does not know: it allows nothing. */
  role: z.enum(ROLES).nullable().catch(null),
  createdAt: z.string(),
  /** Since when the user may not sign in; null for one who may. */
  disabledAt: z.string().nullable(),
  /** False for somebody who can only sign in with a link. */
  hasPassword: z.boolean(),
  /** Browsers in which the user is signed in. */
  sessions: z.int(),
  apiKeys: z.int(),
});

const signInPath = z.object({ path: z.string(), expiresAt: z.string() });

const username = z
  .string()
  .trim()
  .toLowerCase()
  .refine(
    isUsername,
    "must be 2 to 64 letters, digits, dots, dashes or underscores, and begin with one of the first two",
  );

/** What the accounts of the API and of the command line are made from. */
export const newUser = z.object({
  username,
  /** How the person is called; the username by default. */
  name: z.string().trim().max(128).default(""),
  role: z.enum(ROLES),
  /** Null: the user gets a link that works once, and chooses a password. */
  password: z
    .string()
    .min(LEAST_PASSWORD, `must have at least ${LEAST_PASSWORD} characters`)
    .max(LONGEST_PASSWORD, `must have at most ${LONGEST_PASSWORD} characters`)
    .nullable()
    .default(null),
});

export type UserRow = z.output<typeof userRow>;

/** better-auth identifies users by mail address. Coppice uses usernames, so the address is made up and never used. */
export const mailOf = (name: string) => `${name}@coppice.invalid`;

interface UsersOptions {
  auth: Auth;
  database: Database;
  clock: Clock;
  /** What a user may do has changed: requests with the user's sessions and keys are to be judged anew. */
  onChanged(userId: string): void;
}

/** The accounts of people: who they are, what they may do, and how they sign in. */
export class Users {
  readonly #auth: Auth;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #onChanged: (userId: string) => void;

  constructor({ auth, database, clock, onChanged }: UsersOptions) {
    this.#auth = auth;
    this.#database = database;
    this.#clock = clock;
    this.#onChanged = onChanged;
  }

  /** Everybody, by username. */
  async list(): Promise<UserRow[]> {
    const rows = await this.#database
      .selectFrom("user")
      .select(["id", "username", "name", "role", "createdAt", "disabledAt"])
      .select(({ selectFrom, fn }) => [
        selectFrom("account")
          .select(fn.countAll<number>().as("count"))
          .whereRef("account.userId", "=", "user.id")
          .where("providerId", "=", "credential")
          .as("passwords"),
        selectFrom("session")
          .select(fn.countAll<number>().as("count"))
          .whereRef("session.userId", "=", "user.id")
          .where("expiresAt", ">", isoTime(this.#clock.now()))
          .as("sessions"),
        selectFrom("apiKey")
          .select(fn.countAll<number>().as("count"))
          .whereRef("apiKey.userId", "=", "user.id")
          .as("apiKeys"),
      ])
      .orderBy("username")
      .execute();
    return rows.map(({ passwords, ...row }) =>
      userRow.parse({ ...row, username: row.username ?? row.name, hasPassword: Number(passwords) > 0 }),
    );
  }

  /** @throws {ServerError} `USER_UNKNOWN` */
  async byName(name: string): Promise<{ id: string; username: string }> {
    const found = await this.#database
      .selectFrom("user")
      .select("id")
      .where("username", "=", name.toLowerCase())
      .executeTakeFirst();
    if (found === undefined) throw unknownUser(name);
    return { id: found.id, username: name.toLowerCase() };
  }

  /** @throws {ServerError} `USER_UNKNOWN` */
  async nameOf(id: string): Promise<string> {
    const found = await this.#database
      .selectFrom("user")
      .select(["username", "name"])
      .where("id", "=", id)
      .executeTakeFirst();
    if (found === undefined) throw unknownUser(id);
    return found.username ?? found.name;
  }

  /** Creates an account; without a password, with a link that opens it. @throws {ServerError} `USERNAME_TAKEN` */
  async create({ username, name, role, password }: z.output<typeof newUser>) {
    const { internalAdapter } = await this.#auth.$context;
    const taken = await this.#database
      .selectFrom("user")
      .select("id")
      .where("username", "=", username)
      .executeTakeFirst();
    if (taken !== undefined) {
      throw new ServerError("USERNAME_TAKEN", `There is already a user ${username}.`, {
        hint: "Choose another username.",
        object: username,
      });
    }
    const { id } = await internalAdapter.createUser(
      { email: mailOf(username), emailVerified: true, name: name === "" ? username : name, username, role },
      { method: "email-password" },
    );
    if (password === null) return { id, link: await createSignInPath(this.#auth, mailOf(username), true) };
    await this.#addPassword(id, password);
    return { id, link: null };
  }

  /** @throws {ServerError} `LAST_ADMIN` */
  async setRole(id: string, role: Role): Promise<void> {
    let query = this.#database
      .updateTable("user")
      .set({ role, updatedAt: isoTime(this.#clock.now()) })
      .where("id", "=", id);
    if (role !== "admin") query = query.where(anAdminRemains);
    await this.#changed(id, await query.executeTakeFirst(), "give this user another role");
  }

  /** A disabled user has no session, and can neither sign in nor use an API key. @throws {ServerError} `LAST_ADMIN` */
  async setDisabled(id: string, disabled: boolean): Promise<void> {
    const now = isoTime(this.#clock.now());
    let query = this.#database
      .updateTable("user")
      .set({ disabledAt: disabled ? now : null, updatedAt: now })
      .where("id", "=", id);
    if (disabled) query = query.where(anAdminRemains);
    await this.#changed(id, await query.executeTakeFirst(), "disable this user");
    if (disabled) await this.endSessions(id, null);
  }

  /** Removes an account with its sessions and keys. What the user did stays in the audit log. @throws {ServerError} `LAST_ADMIN` */
  async remove(id: string): Promise<void> {
    const query = this.#database.deleteFrom("user").where("id", "=", id).where(anAdminRemains);
    const { numDeletedRows } = await query.executeTakeFirst();
    await this.#changed(id, { numUpdatedRows: numDeletedRows }, "remove this user");
  }

  /** Removes the password and ends the sessions; the link opens the account, to choose another password. */
  async resetPassword(id: string): Promise<SignInPath> {
    const { email, disabledAt } = await this.#account(id);
    if (disabledAt !== null) {
      throw new ServerError("USER_DISABLED", "This user is disabled, and could not sign in with a link.", {
        hint: "Enable the user first.",
      });
    }
    await this.#removePassword(id);
    await this.endSessions(id, null);
    return createSignInPath(this.#auth, email, true);
  }

  /** Replaces the password, whatever it was, and ends the sessions. */
  async setPassword(id: string, password: string): Promise<void> {
    await this.#account(id);
    await this.#removePassword(id);
    await this.#addPassword(id, password);
    await this.endSessions(id, null);
  }

  /** @throws {ServerError} `PASSWORD_EXISTS` */
  async setFirstPassword(id: string, password: string): Promise<void> {
    if (await this.hasPassword(id)) {
      throw new ServerError("PASSWORD_EXISTS", "This account has a password already.", {
        hint: "Change it with the old one, or ask an administrator to reset it.",
      });
    }
    await this.#addPassword(id, password);
  }

  async hasPassword(id: string): Promise<boolean> {
    const { internalAdapter } = await this.#auth.$context;
    return (await internalAdapter.findCredentialAccount(id)) != null;
  }

  /** The sessions of a user that have not expired, newest first. */
  async sessions(userId: string) {
    const rows = await this.#database
      .selectFrom("session")
      .select(["id", "createdAt", "updatedAt as seenAt", "expiresAt", "ipAddress", "userAgent"])
      .where("userId", "=", userId)
      .where("expiresAt", ">", isoTime(this.#clock.now()))
      .orderBy("createdAt", "desc")
      .execute();
    return rows.map(({ ipAddress, ...row }) => ({ ...row, address: ipAddress }));
  }

  /** Ends these sessions of a user, or all of them when `ids` is null. */
  async endSessions(userId: string, ids: readonly string[] | null): Promise<void> {
    let query = this.#database.deleteFrom("session").where("userId", "=", userId);
    if (ids !== null) query = query.where("id", "in", ids);
    await query.execute();
    this.#onChanged(userId);
  }

  async #account(id: string) {
    const found = await this.#database
      .selectFrom("user")
      .select(["email", "disabledAt"])
      .where("id", "=", id)
      .executeTakeFirst();
    if (found === undefined) throw unknownUser(id);
    return found;
  }

  async #addPassword(userId: string, typed: string): Promise<void> {
    const { internalAdapter, password } = await this.#auth.$context;
    await internalAdapter.linkAccount({
      userId,
      providerId: "credential",
      accountId: userId,
      password: await password.hash(typed),
    });
  }

  async #removePassword(userId: string): Promise<void> {
    await this.#database
      .deleteFrom("account")
      .where("userId", "=", userId)
      .where("providerId", "=", "credential")
      .execute();
  }

  /** Tells why nothing was changed, when nothing was. */
  async #changed(id: string, { numUpdatedRows }: { numUpdatedRows: bigint }, what: string): Promise<void> {
    if (numUpdatedRows > 0n) return this.#onChanged(id);
    const name = await this.nameOf(id);
    throw new ServerError("LAST_ADMIN", `To ${what} would leave nobody who manages this server.`, {
      hint: "Give another user the role admin first.",
      object: name,
    });
  }
}

/** Holds for every row but the last administrator that may sign in. Part of the change itself, so that two cannot race. */
const anAdminRemains = sql<boolean>`(
  "user"."role" <> 'admin' or "user"."disabledAt" is not null or exists (
    select 1 from "user" as "other"
    where "other"."id" <> "user"."id" and "other"."role" = 'admin' and "other"."disabledAt" is null
  )
)`;

function unknownUser(name: string): ServerError {
  return new ServerError("USER_UNKNOWN", `There is no user ${name}.`, {
    hint: "Look at the list of users.",
    object: name,
  });
}

const userId = z.object({ id: z.string().min(1).max(64) });

/** `users` of the API. */
export function usersRouter(users: Users) {
  return t.router({
    /** Everybody who has an account, by username. */
    list: adminProcedure
      .input(noInput)
      .output(z.array(userRow))
      .query(() => users.list()),

    /** Creates an account. Without a password the answer has a path on this server that opens it, once, for 72 hours. */
    create: adminProcedure
      .input(newUser)
      .output(z.object({ id: z.string(), link: signInPath.nullable() }))
      .mutation(({ ctx, input }) => {
        ctx.audit.object = input.username;
        return users.create(input);
      }),

    /** Gives a user another role. The last administrator keeps theirs. */
    setRole: adminProcedure
      .input(userId.extend({ role: z.enum(ROLES) }))
      .output(userId)
      .mutation(async ({ ctx, input: { id, role } }) => {
        ctx.audit.object = await users.nameOf(id);
        await users.setRole(id, role);
        return { id };
      }),

    /** Disables a user, who is signed out everywhere and cannot sign in, or enables one again. */
    setDisabled: adminProcedure
      .input(userId.extend({ disabled: z.boolean() }))
      .output(userId)
      .mutation(async ({ ctx, input: { id, disabled } }) => {
        ctx.audit.object = await users.nameOf(id);
        await users.setDisabled(id, disabled);
        return { id };
      }),

    /** Removes a user's password, signs the user out, and returns a path that opens the account, once, for 72 hours. */
    resetPassword: adminProcedure
      .input(userId)
      .output(signInPath)
      .mutation(async ({ ctx, input: { id } }) => {
        ctx.audit.object = await users.nameOf(id);
        return users.resetPassword(id);
      }),

    /** Signs a user out everywhere. */
    endSessions: adminProcedure
      .input(userId)
      .output(userId)
      .mutation(async ({ ctx, input: { id } }) => {
        ctx.audit.object = await users.nameOf(id);
        await users.endSessions(id, null);
        return { id };
      }),

    /** Removes a user with sessions and API keys. What the user did stays in the audit log. */
    remove: adminProcedure
      .input(userId)
      .output(userId)
      .mutation(async ({ ctx, input: { id } }) => {
        ctx.audit.object = await users.nameOf(id);
        await users.remove(id);
        return { id };
      }),
  });
}
