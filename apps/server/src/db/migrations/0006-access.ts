import { type Kysely, sql } from "kysely";

/**
 * Users can be disabled, scripts have API keys, and the audit log names the key that was used. Its entries are only ever
 * added: the database itself refuses to change or remove one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("user").addColumn("disabledAt", "text").execute();
  await db.schema.alterTable("audit").addColumn("apiKey", "text").execute();

  await db.schema
    .createTable("apiKey")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("userId", "text", (c) => c.notNull().references("user.id").onDelete("cascade"))
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("role", "text", (c) => c.notNull())
    .addColumn("start", "text", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull().unique())
    .addColumn("createdAt", "text", (c) => c.notNull())
    .addColumn("expiresAt", "text")
    .addColumn("lastUsedAt", "text")
    .execute();
  await db.schema.createIndex("apiKey_userId").on("apiKey").column("userId").execute();

  for (const change of ["update", "delete"]) {
    await sql
      .raw(
        `create trigger audit_refuses_${change} before ${change} on audit ` +
          "begin select raise(abort, 'entries of the audit log are never changed or removed'); end",
      )
      .execute(db);
  }
}
