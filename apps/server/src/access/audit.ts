import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { z } from "zod";
import { adminProcedure } from "../api/procedures.ts";
import { clusterId } from "../api/schemas.ts";
import { type AuditEntry, t } from "../api/trpc.ts";
import { type Clock, isoTime } from "../base/clock.ts";
import { cutPage, decodeCursor } from "../base/paging.ts";
import type { Database } from "../db/database.ts";

/** Which entries to read. What is left out is not filtered by. */
export const auditFilter = z.object({
  /** Only what was done on this cluster. */
  cluster: clusterId.optional(),
  /** Only what this user did, by username. */
  username: z.string().trim().max(64).optional(),
  /** How the action begins: a procedure ("clone.start"), an area of the API ("clone"), or "sign-in". */
  action: z.string().trim().max(128).optional(),
  /** Part of the name of what it was done to. */
  object: z.string().trim().max(256).optional(),
  /** What was done ("ok") or what was refused or failed. */
  outcome: z.enum(["ok", "failed"]).optional(),
  /** Not before and not after these times. */
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
});

const auditListInput = auditFilter
  .extend({
    limit: z.int().min(1).max(500).default(100),
    cursor: z.string().max(256).optional(),
  })
  .default({ limit: 100 });

/** One entry of the audit log. The fields are those of `AuditEntry`. */
const auditListRow = z.object({
  id: z.string(),
  at: z.string(),
  username: z.string(),
  action: z.string(),
  cluster: z.string().nullable(),
  object: z.string().nullable(),
  outcome: z.string(),
  message: z.string().nullable(),
  address: z.string(),
  /** Name of the API key it was done with; null for a person at the dashboard. */
  apiKey: z.string().nullable(),
});

/** Entries of the audit log, newest first. */
const auditListPage = z.object({ rows: z.array(auditListRow), nextCursor: z.string().nullable() });

export type AuditFilter = z.output<typeof auditFilter>;
type AuditListInput = z.output<typeof auditListInput>;
export type AuditListRow = z.output<typeof auditListRow>;
export type AuditListPage = z.output<typeof auditListPage>;

/** The audit log in the database: who did what to which object, with which outcome. Entries are only ever added. */
export class AuditLog {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async write(entry: AuditEntry): Promise<void> {
    const { user, ...rest } = entry;
    await this.#database
      .insertInto("audit")
      .values({
        id: randomUUID(),
        at: isoTime(this.#clock.now()),
        userId: user.id,
        username: user.username,
        apiKey: user.apiKey ?? null,
        ...rest,
      })
      .execute();
  }

  /** Newest first. @throws {ServerError} `STALE_CURSOR` for a text that is not a cursor of this list */
  async list({ limit, cursor, ...filter }: AuditListInput): Promise<AuditListPage> {
    return cutPage(await this.#read(filter, limit + 1, cursor), limit, (row) => row);
  }

  /** All entries, newest first, read page by page, so that any number of them takes little memory. */
  async *entries(filter: AuditFilter): AsyncGenerator<AuditListRow> {
    let cursor: string | undefined;
    do {
      const page: AuditListPage = await this.list({
        ...filter,
        limit: EXPORT_PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield* page.rows;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  #read(filter: AuditFilter, limit: number, cursor: string | undefined): Promise<AuditListRow[]> {
    const { cluster, username, action, object, outcome, from, to } = filter;
    let query = this.#database
      .selectFrom("audit")
      .select([
        "id",
        "at",
        "username",
        "action",
        "cluster",
        "object",
        "outcome",
        "message",
        "address",
        "apiKey",
      ])
      .orderBy("at", "desc")
      .orderBy("id", "desc")
      .limit(limit);
    if (cluster !== undefined) query = query.where("cluster", "=", cluster);
    if (username !== undefined) query = query.where("username", "=", username.toLowerCase());
    if (action !== undefined) query = query.where(sql<boolean>`instr("action", ${action}) = 1`);
    if (object !== undefined) query = query.where(sql<boolean>`instr(lower("object"), lower(${object})) > 0`);
    if (outcome !== undefined) query = query.where("outcome", outcome === "ok" ? "=" : "<>", "ok");
    if (from !== undefined) query = query.where("at", ">=", isoTime(Date.parse(from)));
    if (to !== undefined) query = query.where("at", "<=", isoTime(Date.parse(to)));
    if (cursor !== undefined) {
      const { at, id } = decodeCursor(cursor);
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("at", "id"), "<", tuple(at, id)));
    }
    return query.execute();
  }
}

/** How many entries an export reads at a time. */
const EXPORT_PAGE = 500;

/** `audit` of the API. */
export function auditRouter(audit: AuditLog) {
  return t.router({
    /** Who did what, newest first. */
    list: adminProcedure
      .input(auditListInput)
      .output(auditListPage)
      .query(({ input }) => audit.list(input)),
  });
}
