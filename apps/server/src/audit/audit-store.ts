import { randomUUID } from "node:crypto";
import type { Clock } from "../clock/clock.ts";
import { isoTime } from "../clock/iso.ts";
import type { Database } from "../db/open-database.ts";
import { pageByTime, unpackTimeCursor } from "../paging/time-cursor.ts";
import type { AuditListInput, AuditListPage } from "../procedures/audit/list.schema.ts";
import type { AuditEntry, AuditLog } from "./audit-log.ts";

/** Keeps the audit log in the database. */
export class AuditStore implements AuditLog {
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

  async list({ limit, cursor }: AuditListInput): Promise<AuditListPage> {
    let query = this.#database
      .selectFrom("audit")
      .select(["id", "at", "username", "action", "object", "outcome", "message", "address"])
      .orderBy("at", "desc")
      .orderBy("id", "desc")
      .limit(limit + 1);
    if (cursor !== undefined) {
      const { at, id } = unpackTimeCursor(cursor);
      query = query.where((where) =>
        where.or([where("at", "<", at), where.and([where("at", "=", at), where("id", "<", id)])]),
      );
    }
    return pageByTime(await query.execute(), limit, (row) => row);
  }
}
