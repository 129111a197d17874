import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { up as people } from "./migrations/0001-people.ts";
import { up as tasks } from "./migrations/0002-tasks.ts";
import { up as audit } from "./migrations/0003-audit.ts";
import { up as cluster } from "./migrations/0004-cluster.ts";
import { up as taskClient } from "./migrations/0005-task-client.ts";
import { up as access } from "./migrations/0006-access.ts";
import { up as backupTargets } from "./migrations/0007-backup-targets.ts";
import { up as policies } from "./migrations/0008-policies.ts";
import type { Tables } from "./tables.ts";

export type Database = Kysely<Tables>;

/** SQLite rolls back table changes like any other. With this Kysely runs all migrations in one transaction. */
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
 * by its owner only: it holds password hashes and sessions. Throws SQLite's error when the file cannot be opened, and
 * Kysely's when it was written by a newer version.
 *
 * @param known The migrations to run: those of `migrations`.
 */
export async function openDatabase(file: string, known: Record<string, Migration>): Promise<Database> {
  if (file !== ":memory:") closeSync(openSync(file, "a", 0o600));
  const sqlite = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
  sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  const database = new Kysely<Tables>({
    dialect: new NodeSqliteDialect({ database: nodeSqliteDatabase(sqlite) }),
  });
  try {
    await migrate(database, known);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

/**
 * Run in the order of their names. A migration that has been released never changes.
 *
 * @param clusterId The configured cluster, to which everything belongs that was stored before clusters had ids.
 */
export function migrations(clusterId: string): Record<string, Migration> {
  return {
    "0001-people": { up: people },
    "0002-tasks": { up: tasks },
    "0003-audit": { up: audit },
    "0004-cluster": { up: (db) => cluster(db, clusterId) },
    "0005-task-client": { up: taskClient },
    "0006-access": { up: access },
    "0007-backup-targets": { up: backupTargets },
    "0008-policies": { up: policies },
  };
}

/**
 * Runs the migrations that have not run yet, in order, all of them or none. Throws when one fails, or when the
 * database knows one that this version does not.
 */
async function migrate(database: Database, known: Record<string, Migration>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => known } });
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
