import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockDataDir } from "../../product/settings.ts";

const MAIN = fileURLToPath(new URL("../../product/main.ts", import.meta.url));

let dir: string;

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), "coppice-start-test-")), "data");
});
afterEach(async () => {
  await rm(join(dir, ".."), { recursive: true });
});

/** Runs the launcher with these settings until it ends. */
async function start(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const launcher = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH ?? "", COPPICE_PORT: "0", COPPICE_DATA: dir, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [launcher.stdout, launcher.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const [code] = await once(launcher, "close");
  return { code: code as number | null, output };
}

test("a second start on the same data is refused before it touches anything", async () => {
  using _first = await lockDataDir(dir);
  const { code, output } = await start({});
  expect(code).toBe(1);
  expect(output).toContain(`Another Coppice server is running with the data directory ${dir}.`);
  expect(output).not.toContain("Starting");
  expect((await readdir(dir)).filter((name) => !name.startsWith("launcher.lock"))).toEqual([]);
});

test("a wrong setting is refused before anything is started", async () => {
  const level = await start({ COPPICE_LOG_LEVEL: "loud" });
  expect([level.code, level.output]).toEqual([
    1,
    expect.stringContaining("COPPICE_LOG_LEVEL must be a level such as info or warn"),
  ]);
  const conf = await start({ CEPH_CONF: "/nowhere/ceph.conf" });
  expect([conf.code, conf.output]).toEqual([
    1,
    expect.stringContaining("/nowhere/ceph.conf, which cannot be read"),
  ]);
  await expect(stat(dir)).rejects.toMatchObject({ code: "ENOENT" });
});

test("the launcher makes the data directory readable by its owner only", async () => {
  using _lock = await lockDataDir(dir);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
});
