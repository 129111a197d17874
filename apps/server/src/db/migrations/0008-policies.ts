import type { Kysely } from "kysely";

/** Policies, their runs with the outcome of each image, what was told about them, and where it is sent. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("policy")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("name", "text", (c) => c.notNull().unique())
    .addColumn("cluster", "text", (c) => c.notNull())
    .addColumn("definition", "text", (c) => c.notNull())
    .addColumn("paused", "integer", (c) => c.notNull())
    .addColumn("createdAt", "text", (c) => c.notNull())
    .addColumn("updatedAt", "text", (c) => c.notNull())
    .addColumn("backupSince", "text", (c) => c.notNull())
    .addColumn("verifySince", "text", (c) => c.notNull())
    .addColumn("drillSince", "text", (c) => c.notNull())
    .addColumn("lateSince", "text")
    .execute();

  await db.schema
    .createTable("policyRun")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("policyId", "text", (c) => c.notNull().references("policy.id").onDelete("cascade"))
    .addColumn("job", "text", (c) => c.notNull())
    .addColumn("cause", "text", (c) => c.notNull())
    .addColumn("dueAt", "text", (c) => c.notNull())
    .addColumn("beginAt", "text", (c) => c.notNull())
    .addColumn("startedAt", "text")
    .addColumn("endedAt", "text")
    .addColumn("state", "text", (c) => c.notNull())
    .addColumn("reason", "text")
    .addColumn("missed", "integer", (c) => c.notNull())
    .addColumn("username", "text")
    .addUniqueConstraint("policyRun_due", ["policyId", "job", "dueAt"])
    .execute();
  await db.schema.createIndex("policyRun_state").on("policyRun").columns(["state", "beginAt"]).execute();
  await db.schema
    .createIndex("policyRun_newest")
    .on("policyRun")
    .columns(["policyId", "dueAt", "id"])
    .execute();

  await db.schema
    .createTable("policyRunItem")
    .addColumn("runId", "text", (c) => c.notNull().references("policyRun.id").onDelete("cascade"))
    .addColumn("seq", "integer", (c) => c.notNull())
    .addColumn("kind", "text", (c) => c.notNull())
    .addColumn("image", "text")
    .addColumn("state", "text", (c) => c.notNull())
    .addColumn("taskId", "text", (c) => c.unique())
    .addColumn("attempt", "integer", (c) => c.notNull())
    .addColumn("backupId", "text")
    .addColumn("backupKind", "text")
    .addColumn("why", "text")
    .addColumn("bytes", "bigint")
    .addColumn("seconds", "real")
    .addColumn("endedAt", "text")
    .addColumn("error", "text")
    .addPrimaryKeyConstraint("policyRunItem_pk", ["runId", "seq"])
    .execute();
  await db.schema
    .createIndex("policyRunItem_drills")
    .on("policyRunItem")
    .columns(["kind", "image", "endedAt"])
    .execute();

  await db.schema
    .createTable("notificationChannel")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("name", "text", (c) => c.notNull().unique())
    .addColumn("settings", "text", (c) => c.notNull())
    .addColumn("secret", "text")
    .addColumn("events", "text", (c) => c.notNull())
    .addColumn("enabled", "integer", (c) => c.notNull())
    .addColumn("createdAt", "text", (c) => c.notNull())
    .execute();

  await db.schema
    .createTable("notification")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("channelId", "text", (c) =>
      c.notNull().references("notificationChannel.id").onDelete("cascade"),
    )
    .addColumn("topic", "text", (c) => c.notNull())
    .addColumn("message", "text", (c) => c.notNull())
    .addColumn("state", "text", (c) => c.notNull())
    .addColumn("attempts", "integer", (c) => c.notNull())
    .addColumn("nextAt", "text", (c) => c.notNull())
    .addColumn("createdAt", "text", (c) => c.notNull())
    .addColumn("error", "text")
    .addUniqueConstraint("notification_once", ["channelId", "topic"])
    .execute();
  await db.schema.createIndex("notification_state").on("notification").columns(["state", "nextAt"]).execute();
}
