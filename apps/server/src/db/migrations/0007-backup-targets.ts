import type { Kysely } from "kysely";

/** Named places for backups. One that was removed stays, so that the tasks which used it can still name it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("backupTarget")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("settings", "text", (column) => column.notNull())
    .addColumn("createdAt", "text", (column) => column.notNull())
    .addColumn("removedAt", "text")
    .execute();
}
