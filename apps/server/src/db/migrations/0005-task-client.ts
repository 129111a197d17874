import type { Kysely } from "kysely";

/**
 * Tasks name the RADOS client that worked on them, so that it can be found out what became of those that were cut off.
 * Of older ones that is not known.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("task").addColumn("client", "text").execute();
}
