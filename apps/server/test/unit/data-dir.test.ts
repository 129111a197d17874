import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataDirInUseError, lockDataDir, prepareDataDir, secretFile } from "../../src/base/data-dir.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "coppice-server-data-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

test("the data directory is readable by its owner only", async () => {
  const made = join(dir, "a", "b");
  await prepareDataDir(made);
  await prepareDataDir(made);
  expect((await stat(made)).mode & 0o777).toBe(0o700);
});

test("a secret is created once, and processes that start at the same time get the same one", async () => {
  const file = join(dir, "secret");
  const all = await Promise.all(Array.from({ length: 8 }, () => secretFile(file, 32)));
  expect(new Set(all.map(({ secret }) => secret)).size).toBe(1);
  expect(all.filter(({ created }) => created).length).toBe(1);
  expect(Buffer.from(all[0]?.secret ?? "", "base64url").length).toBe(32);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(["secret"]);
});

test("an existing secret is used", async () => {
  const file = join(dir, "secret");
  await writeFile(file, "  chosen by a person  \n");
  expect(await secretFile(file, 32)).toEqual({ secret: "chosen by a person", created: false });
  expect(await readFile(file, "utf8")).toBe("  chosen by a person  \n");
});

test("an empty or short secret is refused instead of being overwritten", async () => {
  const file = join(dir, "secret");
  await writeFile(file, "\n");
  await expect(secretFile(file, 32)).rejects.toThrow(`${file} holds fewer than 12 characters`);
});

test("a second server is refused while the first one runs", () => {
  const lock = lockDataDir(dir);
  expect(() => lockDataDir(dir)).toThrow(DataDirInUseError);
  lock[Symbol.dispose]();
  lockDataDir(dir)[Symbol.dispose]();
});
