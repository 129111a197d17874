import type { Kysely } from "kysely";

/** Who did what. No reference to `user`: an entry stays when its user goes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("audit")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("at", "text", (c) => c.notNull())
    .addColumn("userId", "text", (c) => c.notNull())
    .addColumn("username", "text", (c) => c.notNull())
    .addColumn("action", "text", (c) => c.notNull())
    .addColumn("object", "text")
    .addColumn("outcome", "text", (c) => c.notNull())
    .addColumn("message", "text")
    .addColumn("address", "text", (c) => c.notNull())
    .execute();
  await db.schema.createIndex("audit_at").on("audit").columns(["at", "id"]).execute();
}
