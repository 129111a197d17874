import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { migrations } from "../../src/db/migrations/index.ts";

let dir: string;
let file: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "coppice-server-db-"));
  file = join(dir, "coppice.sqlite");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(file);
  try {
    return await work(database);
  } finally {
    await database.destroy();
  }
}

const pragma = async (database: Database, name: string) => {
  const { rows } = await sql.raw<Record<string, unknown>>(`PRAGMA ${name}`).execute(database);
  return Object.values(rows[0] ?? {})[0];
};

test("the database is for its owner only, logs ahead, keeps references and waits for others", async () => {
  await withDatabase(async (database) => {
    expect(await pragma(database, "journal_mode")).toBe("wal");
    expect(await pragma(database, "foreign_keys")).toBe(1);
    expect(await pragma(database, "busy_timeout")).toBe(5000);
    for (const each of ["", "-wal"]) expect((await stat(file + each)).mode & 0o777).toBe(0o600);
  });
});

test("opening it again changes nothing and loses nothing", async () => {
  const entry = { id: "1", at: "t", userId: "u", username: "ada", action: "a", outcome: "ok", address: "" };
  await withDatabase((database) =>
    database
      .insertInto("audit")
      .values({ ...entry, object: null, message: null })
      .execute(),
  );
  const kept = await withDatabase((database) => database.selectFrom("audit").selectAll().execute());
  expect(kept).toEqual([{ ...entry, object: null, message: null }]);
});

test("a migration that fails half way leaves nothing behind, and the next start runs it again", async () => {
  migrations["9999-half"] = {
    up: async (db) => {
      await db.schema.createTable("half").addColumn("id", "text").execute();
      throw new Error("the power went out");
    },
  };
  try {
    await expect(openDatabase(file)).rejects.toThrow("the power went out");
  } finally {
    delete migrations["9999-half"];
  }
  await withDatabase(async (database) => {
    const tables = await database.introspection.getTables();
    expect(tables.map(({ name }) => name)).not.toContain("half");
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(["user", "task", "audit"]));
  });
});

test("a database of a newer version is refused, not guessed at", async () => {
  migrations["9999-newer"] = { up: async () => {} };
  try {
    await withDatabase(async () => {});
  } finally {
    delete migrations["9999-newer"];
  }
  await expect(openDatabase(file)).rejects.toThrow(/9999-newer/);
});

test("transactions do not see into each other", async () => {
  await withDatabase(async (database) => {
    const row = (id: string) => ({
      id,
      at: "t",
      userId: "u",
      username: "ada",
      action: "a",
      outcome: "ok",
      address: "",
      object: null,
      message: null,
    });
    const failing = database.transaction().execute(async (trx) => {
      await trx.insertInto("audit").values(row("1")).execute();
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error("rolled back");
    });
    const other = database.insertInto("audit").values(row("2")).execute();
    await expect(failing).rejects.toThrow("rolled back");
    await other;
    expect(await database.selectFrom("audit").select("id").execute()).toEqual([{ id: "2" }]);
  });
});
