import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { personProcedure, viewerProcedure } from "../api/procedures.ts";
import { parseRole, ROLES, type Role, roleIncludes, type SessionUser, t } from "../api/trpc.ts";
import { type Clock, isoTime } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import type { Database } from "../db/database.ts";
import { LiveCallers } from "./live-callers.ts";

/** What every key begins with, so that people and scanners of source code recognise a leaked one. */
const PREFIX = "coppice_";
/** Random bytes of a key: too many to guess, so that a plain hash protects the stored form. */
const KEY_BYTES = 32;
/** How much of a key is stored and shown. */
const START_LENGTH = PREFIX.length + 5;
/** The last use of a key is written at most this often. */
const USED_MS = 60_000;
const DAY_MS = 24 * 60 * 60_000;

const keyRow = z.object({
  id: z.string(),
  /** Username of the owner. */
  owner: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  /** The first characters of the key. */
  start: z.string(),
  createdAt: z.string(),
  /** Null: it does not expire. */
  expiresAt: z.string().nullable(),
  /** To the minute; null when it was never used. */
  lastUsedAt: z.string().nullable(),
});

const keyListInput = z
  .object({
    /** The keys of all users instead of one's own. For administrators. */
    everyone: z.boolean().default(false),
  })
  .default({ everyone: false });

const keyCreateInput = z.object({
  name: z.string().trim().min(1, "must not be empty").max(64),
  /** What the key may do. At most what its owner may. */
  role: z.enum(ROLES),
  /** Days until it expires; null for never. */
  days: z.int().min(1).max(3650).nullable(),
});

export type ApiKeyRow = z.output<typeof keyRow>;

/** A request that carries a valid key. */
interface KeyCaller {
  user: SessionUser;
  /** Aborts when the key is revoked. */
  ended: AbortSignal;
}

/** The API keys of users, with which scripts act for them. Nothing of a key is kept in memory: a revoked one ends at once. */
export class ApiKeys {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #live = new LiveCallers();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** The owner of a valid key, with the weaker of the key's and the owner's role; null when the key is not valid. */
  async find(key: string): Promise<KeyCaller | null> {
    const found = await this.#database
      .selectFrom("apiKey")
      .innerJoin("user", "user.id", "apiKey.userId")
      .select([
        "apiKey.id",
        "apiKey.name as keyName",
        "apiKey.role as keyRole",
        "apiKey.expiresAt",
        "apiKey.lastUsedAt",
        "user.id as userId",
        "user.name",
        "user.username",
        "user.role",
      ])
      .where("apiKey.hash", "=", hashOf(key))
      .where("user.disabledAt", "is", null)
      .executeTakeFirst();
    const now = this.#clock.now();
    if (found === undefined || (found.expiresAt !== null && Date.parse(found.expiresAt) <= now)) return null;
    if (found.lastUsedAt === null || now - Date.parse(found.lastUsedAt) >= USED_MS) {
      await this.#database
        .updateTable("apiKey")
        .set({ lastUsedAt: isoTime(now) })
        .where("id", "=", found.id)
        .execute();
    }
    const role = weaker(parseRole(found.keyRole), parseRole(found.role));
    const { userId, name, username, keyName } = found;
    return {
      user: { id: userId, name, username: username ?? name, role, apiKey: keyName },
      ended: this.#live.signalOf(found.id, userId),
    };
  }

  /** Newest first; of everybody when `userId` is null. */
  async list(userId: string | null): Promise<ApiKeyRow[]> {
    let query = this.#database
      .selectFrom("apiKey")
      .innerJoin("user", "user.id", "apiKey.userId")
      .select([
        "apiKey.id",
        "user.username as owner",
        "apiKey.name",
        "apiKey.role",
        "apiKey.start",
        "apiKey.createdAt",
        "apiKey.expiresAt",
        "apiKey.lastUsedAt",
      ])
      .orderBy("apiKey.createdAt", "desc")
      .orderBy("apiKey.id");
    if (userId !== null) query = query.where("apiKey.userId", "=", userId);
    return z.array(keyRow).parse(await query.execute());
  }

  /** Returns the key, which cannot be read again. */
  async create(userId: string, { name, role, days }: z.output<typeof keyCreateInput>) {
    const key = PREFIX + randomBytes(KEY_BYTES).toString("base64url");
    const id = randomUUID();
    const now = this.#clock.now();
    await this.#database
      .insertInto("apiKey")
      .values({
        id,
        userId,
        name,
        role,
        start: key.slice(0, START_LENGTH),
        hash: hashOf(key),
        createdAt: isoTime(now),
        expiresAt: days === null ? null : isoTime(now + days * DAY_MS),
        lastUsedAt: null,
      })
      .execute();
    return { id, key };
  }

  /** Ends a key, and returns its name. `owner` limits it to the keys of one user. @throws {ServerError} `KEY_UNKNOWN` */
  async revoke(id: string, owner: string | null): Promise<string> {
    let query = this.#database.deleteFrom("apiKey").where("id", "=", id).returning("name");
    if (owner !== null) query = query.where("userId", "=", owner);
    const removed = await query.executeTakeFirst();
    if (removed === undefined) {
      throw new ServerError("KEY_UNKNOWN", "There is no such API key.", {
        hint: "It may have been revoked already. Look at the list of keys.",
      });
    }
    this.#live.end((key) => key === id);
    return removed.name;
  }

  /** Ends the event streams of a user's keys: what the user may do has changed. */
  endAll(userId: string): void {
    this.#live.end((_key, owner) => owner === userId);
  }
}

/** The key that a request carries, as a bearer token or in `x-api-key`; null for none. */
export function keyIn({ authorization, "x-api-key": header }: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  return bearer ?? (typeof header === "string" && header !== "" ? header : null);
}

/** The stored form of a key. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

function weaker(one: Role | null, other: Role | null): Role | null {
  if (one === null || other === null) return null;
  return roleIncludes(one, other) ? other : one;
}

/** `keys` of the API. */
export function keysRouter(keys: ApiKeys) {
  return t.router({
    /** API keys, newest first. The keys themselves are shown only when they are created. */
    list: viewerProcedure
      .input(keyListInput)
      .output(z.array(keyRow))
      .query(({ ctx, input }) => {
        if (input.everyone) refuseUnless(ctx.user.role, "admin", "see the keys of others");
        return keys.list(input.everyone ? null : ctx.user.id);
      }),

    /** Creates an API key. The answer is the only place where it can be read. */
    create: personProcedure
      .input(keyCreateInput)
      .output(z.object({ id: z.string(), key: z.string() }))
      .mutation(({ ctx, input }) => {
        ctx.audit.object = input.name;
        refuseUnless(ctx.user.role, input.role, `create a key with the role ${input.role}`);
        return keys.create(ctx.user.id, input);
      }),

    /** Ends an API key at once: one's own, or as an administrator anybody's. */
    revoke: viewerProcedure
      .input(z.object({ id: z.uuid() }))
      .output(z.object({ id: z.string() }))
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = await keys.revoke(input.id, ctx.user.role === "admin" ? null : ctx.user.id);
        return { id: input.id };
      }),
  });
}

function refuseUnless(role: Role, needed: Role, what: string): void {
  if (roleIncludes(role, needed)) return;
  throw new ServerError("ROLE_MISSING", `To ${what} needs the role ${needed}, and you have ${role}.`, {
    hint: "Choose a weaker role, or ask an administrator.",
  });
}
