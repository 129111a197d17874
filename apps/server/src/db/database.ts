import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";
import type { Migration } from "kysely/migration";
import { Migrator } from "kysely/migration";
import type { Tables } from "./tables.ts";

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
export async function openDatabase(file: string, migrations: Record<string, Migration>): Promise<Database> {
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
  const sqlite = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
  sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  const database = new Kysely<Tables>({
    dialect: new NodeSqliteDialect({ database: nodeSqliteDatabase(sqlite) }),
  });
  try {
    await migrate(database, migrations);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

/**
 * Runs the migrations that have not run yet, in order, all of them or none. Throws when one fails, or when the
 * database knows one that this version does not.
 */
async function migrate<T>(database: Kysely<T>, migrations: Record<string, Migration>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

/** Lets Kysely's SQLite dialect, which expects better-sqlite3's shape, work on Node's own SQLite. */
function nodeSqliteDatabase(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(sql): SqliteStatement {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...bind(parameters)),
        run: (parameters) => statement.run(...bind(parameters)),
        iterate: (parameters) => statement.iterate(...bind(parameters)),
      };
    },
  };
}

function bind(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    switch (typeof value) {
      case "string":
      case "number":
      case "bigint":
        return value;
      case "boolean":
        return value ? 1 : 0;
      default:
        if (value === null || value === undefined) return null;
        if (value instanceof Uint8Array) return value;
        throw new TypeError(`SQLite cannot hold a ${typeof value} (${String(value)})`);
    }
  });
}
