import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLog } from "../../product/server-process.ts";

test("the log is rotated: the newest lines are kept, in order, in files that only their owner can read", async () => {
  const dir = await mkdtemp(join(tmpdir(), "coppice-log-test-"));
  const log = openLog(dir, "64K");
  const lines = Array.from({ length: 20_000 }, (_, i) => `{"line":${String(i).padStart(6, "0")}}`);
  for (const line of lines) if (!log.write(`${line}\n`)) await once(log, "drain");
  log.end();
  await once(log, "close");

  const names = ["server.log.4", "server.log.3", "server.log.2", "server.log.1", "server.log"];
  const files = (await readdir(dir)).filter((name) => name.startsWith("server.log"));
  expect(files.toSorted()).toEqual(names.toSorted());
  const texts = [];
  for (const name of names) {
    const { mode, size } = await stat(join(dir, name));
    expect([name, mode & 0o777]).toEqual([name, 0o600]);
    expect(size).toBeLessThan(96 * 1024);
    texts.push(await readFile(join(dir, name), "utf8"));
  }
  const kept = texts.join("").trimEnd().split("\n");
  expect(kept).toEqual(lines.slice(-kept.length));
  expect(kept.length).toBeGreaterThan(10_000);
  await rm(dir, { recursive: true });
});
