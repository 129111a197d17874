import { randomUUID } from "node:crypto";
import type { Clock } from "../clock/clock.ts";
import { isoTime } from "../clock/iso.ts";
import type { Database } from "../db/open-database.ts";
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
}
