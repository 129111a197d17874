import type { Kysely } from "kysely";

/** Long work and its log. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("task")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("title", "text", (c) => c.notNull())
    .addColumn("state", "text", (c) => c.notNull())
    .addColumn("phase", "text")
    .addColumn("done", "bigint", (c) => c.notNull())
    .addColumn("total", "bigint")
    .addColumn("unit", "text", (c) => c.notNull())
    .addColumn("input", "text", (c) => c.notNull())
    .addColumn("result", "text")
    .addColumn("error", "text")
    .addColumn("userId", "text", (c) => c.notNull())
    .addColumn("username", "text", (c) => c.notNull())
    .addColumn("createdAt", "text", (c) => c.notNull())
    .addColumn("startedAt", "text")
    .addColumn("endedAt", "text")
    .execute();
  await db.schema.createIndex("task_createdAt").on("task").columns(["createdAt", "id"]).execute();
  await db.schema.createIndex("task_state").on("task").columns(["state", "createdAt", "id"]).execute();

  await db.schema
    .createTable("taskLog")
    .addColumn("taskId", "text", (c) => c.notNull().references("task.id").onDelete("cascade"))
    .addColumn("seq", "integer", (c) => c.notNull())
    .addColumn("at", "text", (c) => c.notNull())
    .addColumn("text", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("taskLog_pk", ["taskId", "seq"])
    .execute();
}
