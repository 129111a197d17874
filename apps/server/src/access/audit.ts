import { randomUUID } from "node:crypto";
import { z } from "zod";
import { adminProcedure } from "../api/procedures.ts";
import { clusterId } from "../api/schemas.ts";
import { type AuditEntry, t } from "../api/trpc.ts";
import { type Clock, isoTime } from "../base/clock.ts";
import { cutPage, decodeCursor } from "../base/paging.ts";
import type { Database } from "../db/database.ts";

const auditListInput = z
  .object({
    limit: z.int().min(1).max(500).default(100),
    cursor: z.string().max(256).optional(),
    /** Only what was done on this cluster. */
    cluster: clusterId.optional(),
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
});

/** Entries of the audit log, newest first. */
const auditListPage = z.object({ rows: z.array(auditListRow), nextCursor: z.string().nullable() });

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
        ...rest,
      })
      .execute();
  }

  /** Newest first. @throws {ServerError} `STALE_CURSOR` for a text that is not a cursor of this list */
  async list({ limit, cursor, cluster }: AuditListInput): Promise<AuditListPage> {
    let query = this.#database
      .selectFrom("audit")
      .select(["id", "at", "username", "action", "cluster", "object", "outcome", "message", "address"])
      .orderBy("at", "desc")
      .orderBy("id", "desc")
      .limit(limit + 1);
    if (cluster !== undefined) query = query.where("cluster", "=", cluster);
    if (cursor !== undefined) {
      const { at, id } = decodeCursor(cursor);
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("at", "id"), "<", tuple(at, id)));
    }
    return cutPage(await query.execute(), limit, (row) => row);
  }
}

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
