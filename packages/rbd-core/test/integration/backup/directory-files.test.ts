import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import {
  cp,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { type BackupRecord, type DirectoryTarget, openDirectoryTarget } from "../../../src/backup/index.ts";
import { importDiff } from "../../../src/transfer/index.ts";
import { withFileFault } from "../../support/break-files.ts";
import { isSoak } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { usePoints } from "./point-maker.ts";

const run = promisify(execFile);
const pools = useOwnPool("directory-files");
const { makeImage, write, append, makeChain, sourceMd5, restoredMd5, digestsOf } = usePoints(pools);
let folder = "";

beforeAll(async () => {
  // Where there is one, a file system in memory: the loops flush thousands of files.
  folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "coppice-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Every change in a soak run, else every seventh one, beginning with another one for each test. */
const step = isSoak ? 1 : 13;

/** In the loops over faults, so that thousands of comparisons take seconds. */
const small = 64 * 1024;

const newDirectory = (options: { compress?: boolean } = {}): Promise<DirectoryTarget> =>
  openDirectoryTarget(join(folder, randomUUID()), { ...options, create: true });

const chainOf = (target: DirectoryTarget, point: BackupRecord) => join(target.location.path, point.chain);

function diffOf(target: DirectoryTarget, point: BackupRecord): string {
  if (point.stored.kind !== "diff") throw new Error("the point is not in a directory");
  return join(chainOf(target, point), point.stored.file);
}

async function flip(path: string, offset: number): Promise<void> {
  await using file = await openFile(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  await file.write(Buffer.of((byte[0] ?? 0) ^ 0x10), 0, 1, offset);
}

/** The MD5 of a point, without a cluster. */
async function offlineMd5(target: DirectoryTarget, point: BackupRecord): Promise<string> {
  const path = join(folder, randomUUID());
  await target.copyToFile(point, path, { format: "raw" });
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  await rm(path);
  return hash.digest("hex");
}

/** Runs the commands of a chain's README as a person would. @returns The image that they made. */
async function runReadme(target: DirectoryTarget, point: BackupRecord): Promise<string> {
  const readme = await readFile(join(chainOf(target, point), "README.md"), "utf8");
  const commands = /```sh\n(sha256sum[^`]*)```/.exec(readme)?.[1] ?? "";
  const image = `${pools.pool}/readme-${randomUUID()}`;
  const script = commands.replace(/^IMAGE=.*$/m, `IMAGE=${image}`);
  const env = { ...process.env, CEPH_CONF: inject("cephConf") };
  await run("bash", ["-euo", "pipefail", "-c", script], { cwd: chainOf(target, point), env });
  return image;
}

describe("what lies in a directory", () => {
  it.each([
    ["plain", {}],
    ["compressed", { compress: true }],
  ])("is restored by the commands of its README, %s, also after pruning", async (name, options) => {
    const target = await newDirectory(options);
    const spec = await makeImage(`readme-source-${name}`);
    const points = await makeChain(target, spec);
    const restored = await runReadme(target, points[0] as BackupRecord);
    for (const point of points) {
      expect(await pools.witness.md5(`${restored}@${point.source.snapshot.name}`)).toBe(
        await sourceMd5(spec, point),
      );
    }
    await using chain = await target.openChain(points[0]?.chain ?? "");
    await chain.remove(points[0]?.id ?? "");
    const left = await chain.points();
    const again = await runReadme(target, left[0] as BackupRecord);
    for (const point of left) {
      expect(await pools.witness.md5(`${again}@${point.source.snapshot.name}`)).toBe(
        await sourceMd5(spec, point),
      );
      expect(await restoredMd5(target, point)).toBe(await sourceMd5(spec, point));
    }
  });

  it("becomes a raw file and one diff from nothing without a cluster", async () => {
    const target = await newDirectory({ compress: true });
    const spec = await makeImage("offline");
    const points = await makeChain(target, spec);
    for (const point of points) {
      expect(await offlineMd5(target, point)).toBe(await sourceMd5(spec, point));
    }
    const last = points.at(-1) as BackupRecord;
    const restored = `${pools.pool}/offline-restored`;
    await pools.witness.rbd("create", "--size", "1B", restored);
    await importDiff(pools.cluster, { image: restored, source: target.exportPoint(last.id) });
    expect(await pools.witness.md5(restored)).toBe(await sourceMd5(spec, last));
    await expect(target.copyToFile(last, join(folder, "lost", "x"), { format: "raw" })).rejects.toMatchObject(
      {
        code: "NOT_FOUND",
      },
    );
    await writeFile(join(folder, "there"), "mine");
    await expect(target.copyToFile(last, join(folder, "there"), { format: "raw" })).rejects.toMatchObject({
      code: "EXISTS",
    });
    expect(await readFile(join(folder, "there"), "utf8")).toBe("mine");
  });

  it("is refused when it is damaged, with the file's name, and not merged into a good point", async () => {
    const target = await newDirectory();
    const spec = await makeImage("flipped");
    const points = await makeChain(target, spec);
    const [first, second, third] = points as [BackupRecord, BackupRecord, BackupRecord];
    const digests = await digestsOf(target, points, third);
    const damages: [point: BackupRecord, damage: (path: string, bytes: number) => Promise<void>][] = [
      [first, (path, bytes) => flip(path, bytes - 1000)],
      [second, (path) => flip(path, 14)],
      [second, (path, bytes) => truncate(path, bytes - 1)],
      [third, (path) => flip(path, 0)],
      [third, (path) => rm(path)],
    ];
    for (const [point, damage] of damages) {
      const path = diffOf(target, point);
      const good = `${path}.good`;
      await cp(path, good);
      await damage(path, point.stored.kind === "diff" ? point.stored.bytes : 0);
      const refused = { name: "CoppiceError", object: path };
      await expect(
        target.copyToFile(third, join(folder, "damaged"), { format: "raw" }),
      ).rejects.toMatchObject(refused);
      await expect(restoredMd5(target, third)).rejects.toMatchObject(refused);
      const found = await target.check(third, "deep", { digests });
      expect(found).toMatchObject({ ok: false, problemCount: 1 });
      expect(found.problems[0]).toContain(path.split("/").at(-1));
      await using chain = await target.openChain(first.chain);
      if (point !== third) await expect(chain.remove(first.id)).rejects.toMatchObject(refused);
      if (point !== first) await expect(chain.remove(second.id)).rejects.toMatchObject(refused);
      expect(await chain.points()).toEqual(points);
      await cp(good, path);
      await rm(good);
    }
    expect(await readdir(folder)).not.toContain("damaged");
    await using chain = await target.openChain(first.chain);
    await chain.remove(first.id);
    expect(await offlineMd5(target, third)).toBe(await sourceMd5(spec, third));
  });

  it("is not taken for a backup directory when its file system is not mounted, or holds something else", async () => {
    const empty = await mkdtemp(join(folder, "empty-"));
    await expect(openDirectoryTarget(empty)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(openDirectoryTarget(join(empty, "none"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await writeFile(join(empty, "photo.jpg"), "");
    await expect(openDirectoryTarget(empty, { create: true })).rejects.toMatchObject({ code: "NOT_EMPTY" });
    await expect(openDirectoryTarget(empty, { compress: 20 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("shows a record that cannot be read as a problem, and leaves its files alone", async () => {
    const target = await newDirectory();
    const spec = await makeImage("unreadable");
    const points = await makeChain(target, spec);
    const [first, second] = points as [BackupRecord, BackupRecord];
    await writeFile(join(chainOf(target, second), `${second.id}.record.json`), '{"version":2}');
    const listing = await target.list({ source: first.source });
    expect(listing.points).toHaveLength(2);
    expect(listing.problems).toMatchObject([{ id: second.id, error: { code: "UNSUPPORTED" } }]);
    const before = (await readdir(chainOf(target, first))).toSorted();
    await using chain = await target.openChain(first.chain);
    await expect(chain.points()).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(chain.remove(first.id)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect((await readdir(chainOf(target, first))).toSorted()).toEqual(before);
    expect(await offlineMd5(target, first)).toBe(await sourceMd5(spec, first));
  });
});

describe("the lock of a chain", () => {
  const lockOf = async (target: DirectoryTarget) => {
    const locks = join(target.location.path, ".locks");
    return join(locks, (await readdir(locks)).find((name) => name.endsWith(".lock")) ?? "");
  };

  it("is taken over when it was not renewed for half a minute, and its holder stops", async () => {
    const target = await newDirectory();
    const spec = await makeImage("lease");
    const points = await makeChain(target, spec);
    const lost = await target.openChain(points[0]?.chain ?? "");
    const lock = await lockOf(target);
    await expect(target.openChain(lost.name)).rejects.toMatchObject({ code: "BUSY" });
    const longAgo = new Date(Date.now() - 31_000);
    await utimes(lock, longAgo, longAgo);
    await using chain = await target.openChain(lost.name);
    const leaseLost = { code: "LEASE_LOST" };
    await expect(lost.remove(points[0]?.id ?? "")).rejects.toMatchObject(leaseLost);
    expect(lost.signal.reason).toMatchObject(leaseLost);
    await expect(lost.update(points[0] as BackupRecord)).rejects.toMatchObject(leaseLost);
    await lost[Symbol.asyncDispose]();
    expect(await chain.points()).toEqual(points);
    await chain.remove(points[0]?.id ?? "");
  });

  it("is taken over at once when its process is known to be dead, and is had by one of several", async () => {
    const target = await newDirectory();
    const name = target.newChain({ imageName: "dead" }, randomUUID());
    await target.openChain(name);
    await abandon(await lockOf(target));
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => target.openChain(name)));
    const taken = attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
    expect(taken.length).toBeLessThanOrEqual(1);
    for (const attempt of attempts) {
      if (attempt.status === "rejected") expect(attempt.reason).toMatchObject({ code: "BUSY" });
    }
    for (const chain of taken) await chain[Symbol.asyncDispose]();
    const last = await target.openChain(name);
    await last[Symbol.asyncDispose]();
  });
});

/** Makes a lock look like that of a process that has ended. */
async function abandon(lock: string): Promise<void> {
  const held = JSON.parse(await readFile(lock, "utf8"));
  held.process.startTicks = "1";
  await writeFile(lock, JSON.stringify(held));
}

async function abandonLocks(root: string): Promise<void> {
  const locks = join(root, ".locks");
  for (const name of await readdir(locks)) await abandon(join(locks, name));
}

/** Every file in a directory, with its contents. */
async function contents(root: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    files[path.slice(root.length)] = createHash("md5")
      .update(await readFile(path))
      .digest("hex");
  }
  return files;
}

describe.each(["dies", "ENOSPC"] as const)(
  "at every change of the files, when the process meets %s",
  (how) => {
    // A process that is dead does not renew its locks.
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it.each([
      ["oldest", 0],
      ["middle", 1],
      ["newest", 2],
    ])(
      "a removal of the %s point is done or not, and nothing is lost",
      async (name, index) => {
        const original = await newDirectory();
        const spec = await makeImage(`fault-${how}-${name}`);
        const points = await makeChain(original, spec);
        const expected = new Map(
          await Promise.all(points.map(async (p) => [p.id, await offlineMd5(original, p)] as const)),
        );
        const removed = points[index] as BackupRecord;
        const outcomes = new Set<number>();
        for (let nth = isSoak ? 1 : index + 1, goesOn = true; goesOn; nth += step) {
          const path = join(folder, randomUUID());
          await cp(original.location.path, path, { recursive: true });
          const target = await openDirectoryTarget(path);
          const chain = await target.openChain(removed.chain);
          const { happened, error } = await withFileFault({ nth, how }, () => chain.remove(removed.id));
          goesOn = happened;
          if (how === "dies" && happened) await abandonLocks(path);
          else await chain[Symbol.asyncDispose]();
          // A renewal of the lock that fails does no harm: there is time for another.
          if (how === "ENOSPC" && error !== undefined) expect(error).toMatchObject({ code: "NO_SPACE" });
          for (const point of (await target.list()).points) {
            expect(await offlineMd5(target, point), `${name}, change ${nth}`).toBe(expected.get(point.id));
          }
          await using again = await target.openChain(removed.chain);
          const left = await again.points();
          outcomes.add(left.length);
          if (error === undefined) expect(left).toHaveLength(2);
          const kept = points.filter((point) => point !== removed || left.length === 3);
          expect(left.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
          for (const point of left) expect(await offlineMd5(target, point)).toBe(expected.get(point.id));
          expect(await again.problem(left.at(-1) as BackupRecord)).toBeNull();
          if (left.length === 3) await again.remove(removed.id);
          // Nothing is left over: every file belongs to a point, and the texts are those of these points.
          const files = Object.keys(await contents(path)).filter((file) => !file.startsWith("/.locks/"));
          expect(files, `${name}, change ${nth}`).toHaveLength(2 + 1 + 2 + 4 * 2);
          await rm(path, { recursive: true });
        }
        // With steps, the first of the changes that matter may be left out.
        if (isSoak) expect([...outcomes].toSorted()).toEqual([2, 3]);
      },
      900_000,
    );

    it("an append is there whole or not at all", async () => {
      const original = await newDirectory();
      const spec = await makeImage(`fault-append-${how}`);
      const points = await makeChain(original, spec);
      const newest = points.at(-1) as BackupRecord;
      await write(spec, 9 * small, 20_000);
      const outcomes = new Set<number>();
      for (let nth = isSoak ? 1 : 2, goesOn = true; goesOn; nth += step) {
        const path = join(folder, randomUUID());
        await cp(original.location.path, path, { recursive: true });
        const target = await openDirectoryTarget(path);
        const chain = await target.openChain(newest.chain);
        const { happened, error } = await withFileFault({ nth, how }, async () => {
          const { commit } = await append(chain, spec, newest);
          await commit();
        });
        goesOn = happened;
        if (how === "dies" && happened) await abandonLocks(path);
        else await chain[Symbol.asyncDispose]();
        // A renewal of the lock that fails does no harm: there is time for another.
        if (how === "ENOSPC" && error !== undefined) expect(error).toMatchObject({ code: "NO_SPACE" });
        await using again = await target.openChain(newest.chain);
        const left = await again.points();
        outcomes.add(left.length);
        const last = left.at(-1) as BackupRecord;
        expect(await again.problem(last)).toBeNull();
        expect(await offlineMd5(target, last), `change ${nth}`).toBe(await sourceMd5(spec, last));
        const files = Object.keys(await contents(path)).filter((file) => !file.startsWith("/.locks/"));
        expect(files, `change ${nth}`).toHaveLength(2 + 1 + 2 + 4 * left.length);
        await rm(path, { recursive: true });
      }
      if (isSoak) expect([...outcomes].toSorted()).toEqual([3, 4]);
    }, 900_000);
  },
);
