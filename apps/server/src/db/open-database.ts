import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Kysely, SqliteAdapter, SqliteDialect } from "kysely";
import { migrate } from "./migrate.ts";
import { nodeSqliteDatabase } from "./node-sqlite-database.ts";
import type { Tables } from "./schema.ts";

export type Database = Kysely<Tables>;

/** SQLite rolls back table changes like any other; saying so makes a migration all or nothing. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }
}

/**
 * Opens the database (`:memory:` for tests), brings its tables up to date, and returns it. The file is readable
 * by its owner only: it holds password hashes and sessions. Throws what SQLite says when the file cannot be
 * opened, or when it was written by a newer version.
 */
export async function openDatabase(file: string): Promise<Database> {
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
  const sqlite = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
  sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  const database = new Kysely<Tables>({
    dialect: new NodeSqliteDialect({ database: nodeSqliteDatabase(sqlite) }),
  });
  try {
    await migrate(database);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}
