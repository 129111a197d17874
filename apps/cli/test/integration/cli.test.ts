import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Cluster, connect, createImage, openImage } from "rbd-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

const conf = inject("cephConf");
const run = promisify(execFile);
let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  cluster = await connect({ conf });
  for (const pool of ["cli", "cli-backups"]) await cluster.createPool(pool);
  folder = await mkdtemp(join(tmpdir(), "coppice-cli-"));
  await createImage(cluster, "cli/vm", { size: 8 * 2 ** 20, objectSize: 2 ** 20 });
  await write("monday");
});

afterAll(async () => {
  for (const pool of ["cli", "cli-backups"]) await cluster.deletePool(pool);
  await cluster.close();
  await rm(folder, { recursive: true });
});

async function write(text: string): Promise<void> {
  await using image = await openImage(cluster, "cli/vm");
  await image.write(2 ** 20, Buffer.from(text));
}

/** Runs the program as a user does. */
async function coppice(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const program = join(import.meta.dirname, "../../bin/coppice.mjs");
  try {
    const { stdout, stderr } = await run(process.execPath, [program, "--conf", conf, ...args]);
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

async function json(...args: string[]) {
  return JSON.parse((await coppice("--json", ...args)).out);
}

/** The bytes of an image, by plain `rbd`. */
async function contents(spec: string): Promise<Buffer> {
  const options = { encoding: "buffer", maxBuffer: 2 ** 26 } as const;
  return (await run("rbd", ["--conf", conf, "export", "--no-progress", spec, "-"], options)).stdout;
}

test("images are listed, cloned, compared and shown as a tree", async () => {
  expect((await coppice("snapshot", "cli/vm@monday")).out).toBe("Made cli/vm@monday.\n");
  await write("tuesday");
  expect((await coppice("clone", "cli/vm@monday", "cli/clone")).out).toContain("existing snapshot monday");
  const rows: { spec: string }[] = await json("ls", "cli");
  expect(rows.map(({ spec }) => spec)).toEqual(["cli/clone", "cli/vm"]);
  expect((await coppice("tree", "cli")).out).toBe("cli/vm\n└─ cli/clone  (from @monday)\n");
  expect(await json("diff", "cli/vm", "monday")).toMatchObject({ writtenBytes: 7, from: "monday", to: null });
  expect((await coppice("snapshots", "cli/vm")).out).toMatch(/^SNAPSHOT.*\nmonday .*\n\(current state\)/);
});

test("a deletion that is blocked says why, and one that is not is carried out", async () => {
  {
    await using _ = await openImage(cluster, "cli/clone");
    const blocked = await coppice("delete", "cli/clone", "--yes");
    expect(blocked).toMatchObject({ code: 4, out: expect.stringMatching(/In the way:\n.*client\.\d+/) });
  }
  const plan = await json("plan-delete", "cli/clone");
  expect(plan.ways[0]).toMatchObject({ open: true });
  expect(await coppice("delete", "cli/clone")).toMatchObject({ code: 2 });
  expect(await json("delete", "cli/clone", "--yes")).toMatchObject({ state: "done" });
  expect((await coppice("tree", "cli")).out).toBe("cli/vm\n");
});

test("an image is backed up to a pool and restored, everything or what differs", async () => {
  const to = ["--to", "pool:cli-backups"];
  const at = ["--at", "pool:cli-backups"];
  const before = await contents("cli/vm");
  expect((await coppice("backup", "cli/vm", ...to, "--label", "by=hand")).out).toContain("full");
  await write("wednesday");
  const [second] = await json("backup", "cli/vm", ...to);
  expect(second).toMatchObject({ kind: "incremental", reason: "extended" });
  const { chains } = await json("backups", "cli/vm", ...at);
  const [first] = chains[0].backups;
  expect(first.labels).toEqual({ by: "hand" });

  expect((await coppice("verify", "cli/vm", first.id, ...at)).code).toBe(0);
  await coppice("restore", first.id, "--from", "pool:cli-backups", "--to", "cli/restored");
  expect(await contents("cli/restored")).toEqual(before);
  const after = await contents("cli/vm");
  expect(
    (await coppice("restore", first.id, "--from", "pool:cli-backups", "--in-place", "cli/vm")).code,
  ).toBe(0);
  expect(await contents("cli/vm")).toEqual(before);
  const file = join(folder, "vm.raw");
  await coppice("restore", "cli/vm", "--from", "pool:cli-backups", "--file", file);
  expect(await readFile(file)).toEqual(after);

  const planned = await coppice("prune", ...at, "--keep-last", "1", "--dry-run");
  expect(planned.out).toMatch(new RegExp(`${first.id}.*remove`));
  expect((await coppice("prune", "cli/vm", ...at, "--keep-last", "1")).code).toBe(0);
  expect((await json("backups", ...at)).chains[0].backups).toHaveLength(1);
  expect((await coppice("delete-backup", second.id, ...at, "--yes")).code).toBe(0);
  expect((await coppice("backups", ...at)).out).toBe("There are no backups.\n");
});

test("a copy is brought up to date, and a directory holds backups", async () => {
  expect(await json("sync", "cli/vm", "cli/copy")).toMatchObject({ created: true, from: null });
  await write("thursday");
  expect(await json("sync", "cli/vm", "cli/copy")).toMatchObject({ created: false });
  expect(await contents("cli/copy")).toEqual(await contents("cli/vm"));
  expect((await coppice("backup", "cli/vm", "--to", join(folder, "backups"))).code).toBe(0);
  expect((await json("backups", "--at", join(folder, "backups"))).chains).toHaveLength(1);
});

test("the exit code and the message say what is wrong", async () => {
  expect(await coppice("snapshots", "cli/nothing")).toMatchObject({ code: 3 });
  expect(await coppice("backup", "cli/vm", "--to", "backups")).toMatchObject({ code: 2 });
  expect(await coppice("restore", "x", "--from", "pool:cli-backups")).toMatchObject({ code: 2 });
  const { code, out } = await coppice("--json", "clone", "cli/nothing", "cli/new");
  expect({ code, error: JSON.parse(out).error }).toMatchObject({ code: 3, error: { code: "NOT_FOUND" } });
  expect((await coppice("complete", "bash")).out).toContain("coppice");
  expect((await coppice("operations")).out).not.toMatch(/cli\//);
});
