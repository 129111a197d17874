import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Task } from "../../src/router.ts";
import { Browser, CLUSTER } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";
import { ended, succeeded } from "../support/tasks.ts";

const run = promisify(execFile);
const MIB = 1024 ** 2;
const disk = "rbd/disk";
const conf = await ownCluster({ mgr: true });

let data: Awaited<ReturnType<typeof temporaryDir>>;
let server: ServerProcess;
let browser: Browser;
/** The ids of the targets. */
let pool: string;
let directory: string;
/** The disk's content at each backup in the pool, oldest first. */
const points: { id: string; content: string }[] = [];

beforeAll(async () => {
  await run("ceph", ["-c", conf, "osd", "pool", "create", "backups"]);
  await rbd(conf, "pool", "init", "backups");
  await rbd(conf, "create", disk, "--size", "16M", "--object-size", "1M");
  data = await temporaryDir();
  server = new ServerProcess({
    COPPICE_DATA: data.path,
    CEPH_CONF: conf,
    COPPICE_BACKUP_POOL: "backups",
    COPPICE_RESTORE_DIR: data.path,
  });
  browser = await Browser.open((await server.ready()).url);
}, 120_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await data[Symbol.asyncDispose]();
});

async function content(spec: string): Promise<string> {
  const args = ["-c", conf, "export", "--no-progress", spec, "-"];
  const { stdout } = await run("rbd", args, { encoding: "buffer", maxBuffer: 64 * MIB });
  return createHash("sha256").update(stdout).digest("hex");
}

async function write(spec: string, total: string): Promise<void> {
  const how = ["--io-type", "write", "--io-pattern", "rand", "--io-size", "16K", "--io-total", total];
  await rbd(conf, "bench", spec, ...how);
}

async function backUp(target: string): Promise<Task> {
  const start = () => browser.trpc.backups.start.mutate({ cluster: CLUSTER, image: disk, target });
  return await succeeded(browser, start);
}

function backupOf({ result }: Task): Extract<Task["result"], { kind: "backup" }> {
  if (result?.kind !== "backup") throw new Error(`no backup: ${JSON.stringify(result)}`);
  return result;
}

const remove = (...specs: string[]) =>
  Promise.all(specs.map((spec) => rbd(conf, "rm", "--no-progress", spec)));

test("a pool is a target from the first start on, and an admin adds a directory", async () => {
  const { targets } = await browser.trpc.backups.targets.list.query();
  expect(targets).toMatchObject([{ name: "backups", place: "pool backups of ceph" }]);
  pool = targets[0]?.id ?? "";
  const check = await browser.trpc.backups.targets.check.query({ id: pool });
  expect(check).toMatchObject({ ok: true, error: null });
  expect(check.freeBytes).toBeGreaterThan(0);

  const settings = { kind: "directory", path: join(data.path, "nas"), compression: 3 } as const;
  ({ id: directory } = await browser.trpc.backups.targets.add.mutate({ name: "nas", settings }));
  await expect(browser.trpc.backups.targets.add.mutate({ name: "nas", settings })).rejects.toMatchObject({
    data: { coppice: { code: "TARGET_EXISTS" } },
  });
  const gone = { kind: "pool", cluster: CLUSTER, pool: "no-such-pool" } as const;
  await expect(
    browser.trpc.backups.targets.add.mutate({ name: "gone", settings: gone }),
  ).rejects.toMatchObject({
    data: { coppice: { code: "NOT_FOUND" } },
  });
});

test("backups of an image are full, then incremental, and are listed with their snapshots", {
  timeout: 60_000,
}, async () => {
  for (const total of ["4M", "256K", "128K"]) {
    await write(disk, total);
    const result = backupOf(await backUp(pool));
    expect(result).toMatchObject(
      points.length === 0
        ? { backupKind: "full", reason: "first", degraded: false }
        : { backupKind: "incremental", reason: "extended", degraded: false },
    );
    points.push({ id: result.backup, content: await content(disk) });
  }
  for (const total of ["64K", "64K"]) {
    await write(disk, total);
    await backUp(directory);
  }
  await browser.trpc.inventory.refresh.mutate({ cluster: CLUSTER });
  const page = await browser.trpc.backups.sources.query({ sort: { by: "points", dir: "desc" } });
  expect(page).toMatchObject({ total: 1, filtered: 1, nextCursor: null });
  expect(page.rows[0]).toMatchObject({ image: disk, points: 5, chains: 2, holes: 0, size: 16 * MIB });

  const { chains } = await browser.trpc.backups.ofImage.query({ cluster: CLUSTER, image: disk });
  const inPool = chains.find(({ target }) => target.id === pool)?.points ?? [];
  expect(inPool.map(({ id, kind }) => ({ id, kind }))).toEqual(
    points.map(({ id }, index) => ({ id, kind: index === 0 ? "full" : "incremental" })),
  );
  const there = (await rbdJson<{ name: string }[]>(conf, "snap", "ls", disk)).map(({ name }) => name);
  const last = inPool.at(-1)?.snapshot;
  expect(last?.exists).toBe(true);
  expect(there).toContain(last?.name);
  expect(inPool[0]?.snapshot?.exists).toBe(false); // the next backup removed it
});

test("a deletion plan names the backup that needs a snapshot", async () => {
  const { chains } = await browser.trpc.backups.ofImage.query({ cluster: CLUSTER, image: disk });
  const newest = chains.find(({ target }) => target.id === pool)?.points.at(-1);
  const snapshot = newest?.snapshot?.name ?? "";
  const plan = await browser.trpc.deletion.plan.query({ cluster: CLUSTER, image: disk, snapshot });
  expect(JSON.stringify(plan)).toContain(`the next increment on the backup ${newest?.id}`);
});

test("a check is kept with the backup, and one that needs a snapshot that is gone fails", {
  timeout: 60_000,
}, async () => {
  const [first, , last] = points;
  const verify = (backup: string, depth: "deep" | "source") =>
    ended(browser, () => browser.trpc.backups.verify.mutate({ target: pool, backup, depth }));
  expect(await verify(first?.id ?? "", "deep")).toMatchObject({ state: "succeeded" });
  expect(await verify(last?.id ?? "", "source")).toMatchObject({ state: "succeeded" });
  expect(await verify(first?.id ?? "", "source")).toMatchObject({
    state: "failed",
    error: { code: "NOT_FOUND" },
  });
  const { rows } = await browser.trpc.backups.sources.query({});
  expect(rows[0]?.lastVerify).toMatchObject({ ok: true, depth: "source", backup: last?.id });
});

test("the commands that are shown restore the backup in a shell", { timeout: 120_000 }, async () => {
  const shell = async (commands: readonly string[], image: string) => {
    const script = commands.map((line) => (line.startsWith("IMAGE=") ? `IMAGE=${image}` : line)).join("\n");
    await run("bash", ["-e", "-o", "pipefail", "-c", script], {
      cwd: data.path,
      env: { ...process.env, CEPH_CONF: conf },
    });
  };
  const second = points[1];
  const { commands, needs } = await browser.trpc.backups.point.query({
    target: pool,
    backup: second?.id ?? "",
  });
  expect(needs).toEqual([second?.id]);
  for (const [index, recipe] of commands.entries()) {
    await shell(recipe.commands, `rbd/by-hand-${index}`);
    if (recipe.title === "To a raw file") {
      const bytes = await readFile(join(data.path, "disk.raw"));
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(second?.content);
    } else {
      expect(await content(`rbd/by-hand-${index}`)).toBe(second?.content);
      await remove(`rbd/by-hand-${index}`);
    }
  }
  const { chains } = await browser.trpc.backups.ofImage.query({ cluster: CLUSTER, image: disk });
  const files = chains.find(({ target }) => target.id === directory)?.points ?? [];
  const newest = files.at(-1)?.id ?? "";
  const point = await browser.trpc.backups.point.query({ target: directory, backup: newest });
  expect(point.needs).toEqual(files.map(({ id }) => id));
  await shell(point.commands[0]?.commands ?? [], "rbd/by-hand");
  expect(await content("rbd/by-hand")).toBe(await content(disk));
  await remove("rbd/by-hand");
});

test("a backup is restored to a new image, as a clone, in place and to a file, as planned", {
  timeout: 120_000,
}, async () => {
  const [first, second] = points;
  const backup = first?.id ?? "";
  const restore = async (
    to: Parameters<typeof browser.trpc.backups.restore.mutate>[0]["to"],
    id = backup,
  ) => {
    const input = { target: pool, backup: id, to };
    const plan = await browser.trpc.backups.restorePlan.query(input);
    expect(plan).toMatchObject({ conflicts: [], size: 16 * MIB });
    const { result } = await succeeded(browser, () => browser.trpc.backups.restore.mutate(input));
    return { plan, result };
  };
  const image = (name: string) => ({ cluster: CLUSTER, image: `rbd/${name}` });
  await restore({ kind: "new", ...image("new") });
  expect(await content("rbd/new")).toBe(first?.content);
  const again = { target: pool, backup, to: { kind: "new", ...image("new") } } as const;
  const refused = await browser.trpc.backups.restorePlan.query(again);
  expect(refused.conflicts).toMatchObject([{ code: "EXISTS" }]);

  await restore({ kind: "instant", ...image("instant"), flatten: false });
  expect(await content("rbd/instant")).toBe(first?.content);
  expect(await rbdJson<object>(conf, "info", "rbd/instant")).toHaveProperty("parent");

  await write("rbd/new", "512K");
  const before = await content("rbd/new");
  const inPlace = await restore({ kind: "in-place", ...image("new") }, second?.id);
  expect(await content("rbd/new")).toBe(second?.content);
  expect(inPlace.plan.estimatedBy).toBe("comparison");
  const safety = inPlace.result?.kind === "restore" ? inPlace.result.safetySnapshot : null;
  expect(await content(`rbd/new@${safety}`)).toBe(before);

  await restore({ kind: "file", name: "restored.raw", format: "raw" });
  const bytes = await readFile(join(data.path, "restored.raw"));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(first?.content);
  await rbd(conf, "snap", "purge", "--no-progress", "rbd/new");
  await remove("rbd/new", "rbd/instant");
});

test("a retention keeps what is protected, says why, and removes the rest; a removal leaves the others whole", {
  timeout: 120_000,
}, async () => {
  const [first, second, third] = points;
  const protection = { target: pool, backup: first?.id ?? "", protected: true };
  expect(await browser.trpc.backups.protect.mutate(protection)).toMatchObject({ protected: true });
  const retention = { target: pool, retention: { keepLast: 1 } };
  const plan = await browser.trpc.backups.prunePlan.query(retention);
  expect(plan.decisions.map(({ backup, reasons }) => ({ backup, reasons }))).toEqual([
    { backup: first?.id, reasons: ["protected"] },
    { backup: second?.id, reasons: [] },
    { backup: third?.id, reasons: ["the newest point"] },
  ]);
  const { result } = await succeeded(browser, () => browser.trpc.backups.prune.mutate(retention));
  expect(result).toMatchObject({ kind: "prune", kept: 2, removed: [{ backup: second?.id, image: disk }] });

  await succeeded(browser, () =>
    browser.trpc.backups.remove.mutate({ target: pool, backup: first?.id ?? "" }),
  );
  const { chains } = await browser.trpc.backups.ofImage.query({ cluster: CLUSTER, image: disk });
  expect(chains.find(({ target }) => target.id === pool)?.points).toMatchObject([
    { id: third?.id, parent: null },
  ]);
  const [chain = ""] = (await rbd(conf, "ls", "backups")).trim().split("\n");
  const [only] = await rbdJson<{ name: string }[]>(conf, "snap", "ls", `backups/${chain}`);
  expect(await content(`backups/${chain}@${only?.name}`)).toBe(third?.content);
});

test("a chain that Cinder made is shown as one, and imported", { timeout: 60_000 }, async () => {
  const [volume, backup] = ["8fa1c0de-9a06-4b9e-8f3b-0c60f19b4d0e", "5b1c0c1e-9a06-4b9e-8f3b-0c60f19b4d0e"];
  const chain = `volume-${volume}.backup.${backup}`;
  await rbd(conf, "create", `backups/${chain}`, "--size", "4M");
  await write(`backups/${chain}`, "64K");
  await rbd(conf, "snap", "create", "--no-progress", `backups/${chain}@backup.${backup}.snap.1767323045.5`);
  await browser.trpc.backups.refresh.mutate({ target: pool });
  const { rows } = await browser.trpc.backups.sources.query({ origin: "cinder" });
  expect(rows).toMatchObject([{ origin: "cinder", image: `volume-${volume}`, points: 1 }]);
  const imported = await succeeded(browser, () =>
    browser.trpc.backups.importCinder.mutate({ target: pool, chain }),
  );
  expect(imported.result).toMatchObject({ imported: [backup] });
  expect((await browser.trpc.backups.sources.query({ origin: "cinder" })).rows).toEqual([]);
  const verified = () => browser.trpc.backups.verify.mutate({ target: pool, backup, depth: "deep" });
  expect(await succeeded(browser, verified)).toMatchObject({ state: "succeeded" });
});

test("a target that is removed is forgotten, and its backups stay", async () => {
  await browser.trpc.backups.targets.remove.mutate({ id: directory });
  const listed = await browser.trpc.backups.sources.query({ target: directory });
  expect(listed).toMatchObject({ filtered: 0 });
  const settings = { kind: "directory", path: join(data.path, "nas") } as const;
  const { id } = await browser.trpc.backups.targets.add.mutate({ name: "nas again", settings });
  const { rows } = await browser.trpc.backups.sources.query({ target: id });
  expect(rows).toMatchObject([{ image: disk }]);
});
