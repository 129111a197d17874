import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { Migration } from "kysely/migration";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, migrations, openDatabase } from "../../src/db/database.ts";
import { cloneTask } from "../../src/operations/clone.ts";
import { imageObject } from "../../src/tasks/task.ts";
import { TaskStore } from "../../src/tasks/task-store.ts";

let dir: string;
let file: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "coppice-server-db-"));
  file = join(dir, "coppice.sqlite");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function withDatabase<T>(
  work: (database: Database) => Promise<T>,
  more: Record<string, Migration> = {},
): Promise<T> {
  const database = await openDatabase(file, { ...migrations("ceph"), ...more });
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

test("the database is readable by its owner only, with a write-ahead log, foreign keys and a busy timeout", async () => {
  await withDatabase(async (database) => {
    expect(await pragma(database, "journal_mode")).toBe("wal");
    expect(await pragma(database, "foreign_keys")).toBe(1);
    expect(await pragma(database, "busy_timeout")).toBe(5000);
    for (const each of ["", "-wal"]) expect((await stat(file + each)).mode & 0o777).toBe(0o600);
  });
});

test("opening it again changes nothing", async () => {
  const entry = { id: "1", at: "t", userId: "u", username: "ada", action: "a", outcome: "ok", address: "" };
  await withDatabase((database) =>
    database
      .insertInto("audit")
      .values({ ...entry, cluster: null, object: null, message: null })
      .execute(),
  );
  const kept = await withDatabase((database) => database.selectFrom("audit").selectAll().execute());
  expect(kept).toEqual([{ ...entry, cluster: null, object: null, message: null, apiKey: null }]);
});

test("a migration that fails half way leaves nothing behind, and the next start runs it again", async () => {
  const half: Migration = {
    up: async (db) => {
      await db.schema.createTable("half").addColumn("id", "text").execute();
      throw new Error("the power went out");
    },
  };
  await expect(withDatabase(async () => {}, { "9999-half": half })).rejects.toThrow("the power went out");
  await withDatabase(async (database) => {
    const tables = await database.introspection.getTables();
    expect(tables.map(({ name }) => name)).not.toContain("half");
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(["user", "task", "audit"]));
  });
});

test("a database of a newer version is refused", async () => {
  await withDatabase(async () => {}, { "9999-newer": { up: async () => {} } });
  await expect(withDatabase(async () => {})).rejects.toThrow(/9999-newer/);
});

test("tasks and audit entries from before clusters had ids belong to the configured cluster", async () => {
  const old = Object.fromEntries(Object.entries(migrations("")).slice(0, 3));
  const before = await openDatabase(file, old);
  const insertTask = (id: string, kind: string, state: string, input: object) =>
    sql`insert into task (id, kind, title, state, done, unit, input, userId, username, createdAt)
        values (${id}, ${kind}, 'a title', ${state}, 0, 'steps', ${JSON.stringify(input)}, 'u', 'ada', ${id})`.execute(
      before,
    );
  await insertTask("1", "clone", "queued", { source: "rbd/a@s", target: "rbd/ns/b" });
  await insertTask("2", "rebuild-object-map", "succeeded", { image: "vms/c" });
  for (const action of ["clone.start", "sign-in"]) {
    await sql`insert into audit (id, at, userId, username, action, outcome, address)
              values (${action}, 't', 'u', 'ada', ${action}, 'ok', '')`.execute(before);
  }
  await before.destroy();

  const after = await openDatabase(file, migrations("site-b"));
  const { summary: clone, input } = (await new TaskStore(after).find("1")) ?? {};
  expect(clone?.object).toEqual(imageObject("site-b", "rbd/ns/b"));
  expect(clone?.related).toEqual([imageObject("site-b", "rbd/a@s")]);
  expect(cloneTask.input.parse(input)).toEqual({ cluster: "site-b", source: "rbd/a@s", target: "rbd/ns/b" });
  const { summary: rebuild } = (await new TaskStore(after).find("2")) ?? {};
  expect(rebuild).toMatchObject({ object: imageObject("site-b", "vms/c"), related: [], title: "a title" });
  const page = await new TaskStore(after).page({ limit: 9, cluster: "site-b" });
  expect(page.rows.map(({ id }) => id)).toEqual(["2", "1"]);
  expect(await after.selectFrom("audit").select(["action", "cluster"]).orderBy("action").execute()).toEqual([
    { action: "clone.start", cluster: "site-b" },
    { action: "sign-in", cluster: null },
  ]);
  await after.destroy();
});

test("transactions are isolated from each other", async () => {
  await withDatabase(async (database) => {
    const row = (id: string) => ({
      id,
      at: "t",
      userId: "u",
      username: "ada",
      action: "a",
      outcome: "ok",
      address: "",
      cluster: null,
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
