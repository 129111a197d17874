import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { BackupRecord } from "../../../src/backup/backup-record.ts";
import type { BackupChain, BackupTarget, NewRecord } from "../../../src/backup/backup-target.ts";
import { openImage } from "../../../src/image/image.ts";
import { parseImageSpec, toImageOnly } from "../../../src/names/index.ts";
import { mergeManifests, verifyDigests } from "../../../src/transfer/index.ts";
import { identityOf } from "../../../src/transfer/source.ts";
import type { OwnPools } from "../../support/use-own-pool.ts";

/** How the suite comes to a target. */
export interface TargetUnderTest {
  /** Opens the target; every call opens the same one. */
  open(): Promise<BackupTarget>;
  /** Flips a byte of the data that a point stored, behind the target's back. */
  damage(point: BackupRecord): Promise<void>;
}

const MiB = 1024 ** 2;

/**
 * What every backup target must do: the contract of `BackupTarget`, held against plain `rbd`.
 *
 * @param pools The images to back up lie in its pool, and restored ones too.
 */
export function describeBackupTarget(pools: OwnPools, { open, damage }: TargetUnderTest): void {
  const { pool, witness } = pools;

  /** A new image with some data. */
  const makeImage = async (name: string, size = 20 * MiB): Promise<string> => {
    const spec = `${pool}/${name}`;
    await witness.rbd("create", "--size", `${size}B`, "--object-size", "1M", spec);
    await write(spec, MiB / 2, 3 * MiB);
    return spec;
  };

  const write = async (spec: string, offset: number, length: number): Promise<void> => {
    await using image = await openImage(pools.cluster, spec);
    await image.write(offset, randomBytes(length));
  };

  /** Takes a snapshot of the image, appends it, and commits it unless told otherwise. */
  const append = async (
    chain: BackupChain,
    spec: string,
    parent: BackupRecord | null,
    id: string = randomUUID(),
  ): Promise<NewRecord & { commit(): Promise<BackupRecord> }> => {
    const place = toImageOnly(spec);
    const name = `backup.${id}.snap.${Date.now() / 1000}`;
    await witness.rbd("snap", "create", "--no-progress", `${spec}@${name}`);
    await using image = await openImage(pools.cluster, place, { readOnly: true });
    const snapshot = (await image.listSnapshots()).find((each) => each.name === name);
    const source = {
      cluster: pools.cluster,
      image: place,
      from: parent?.source.snapshot.name ?? null,
      to: name,
    };
    const appended = await chain.append({ id, name, parent, source });
    const { bytesRead, bytesWritten, bytesSkipped, stored, size, objectSize, digests } = appended;
    const now = new Date().toISOString();
    const record: NewRecord = {
      version: 1,
      id,
      chain: chain.name,
      parent: parent?.id ?? null,
      kind: parent === null ? "full" : "incremental",
      reason: "requested",
      why: "the test asked for it",
      source: {
        ...(await identityOf(pools.cluster, place, image)),
        snapshot: { name, id: String(snapshot?.id) },
      },
      stored,
      size,
      objectSize,
      transfer: { bytesRead, bytesWritten, bytesSkipped },
      startedAt: now,
      pointAt: now,
      completedAt: now,
      engine: { name: "coppice", version: "0.0.0" },
      labels: {},
      volumeMetadata: null,
      protected: false,
      set: null,
      state: "complete",
      checks: { quick: null, deep: null, source: null },
    };
    return { ...record, commit: () => chain.commit(record, digests) };
  };

  const openNewChain = (target: BackupTarget, spec: string) =>
    target.openChain(target.newChain({ imageName: parseImageSpec(spec).image }, randomUUID()));

  /** Three points: a full one, one with changes and zeroes over data, and one of another size. */
  const makeChain = async (target: BackupTarget, spec: string): Promise<BackupRecord[]> => {
    await using chain = await openNewChain(target, spec);
    const points: BackupRecord[] = [];
    const add = async () => {
      const { commit } = await append(chain, spec, points.at(-1) ?? null);
      points.push(await commit());
    };
    await add();
    await write(spec, 7 * MiB + 5000, 70_000);
    await using image = await openImage(pools.cluster, spec);
    await image.writeZeroes(MiB, MiB);
    await image[Symbol.asyncDispose]();
    await add();
    await witness.rbd("resize", "--no-progress", "--size", `${24 * MiB}B`, spec);
    await write(spec, 22 * MiB, 10_000);
    await write(spec, 7 * MiB + 6000, 10);
    await add();
    return points;
  };

  const sourceMd5 = (spec: string, { source }: BackupRecord) =>
    witness.md5(`${spec}@${source.snapshot.name}`);

  /** Restores a point to a new image and gives its MD5, by plain `rbd`. */
  const restoredMd5 = async (target: BackupTarget, point: BackupRecord): Promise<string> => {
    const spec = `${pool}/restored-${randomUUID()}`;
    await witness.rbd("create", "--size", `${point.size}B`, spec);
    await target.copyOut(point, { cluster: pools.cluster, image: toImageOnly(spec) });
    return await witness.md5(spec);
  };

  /** The digests of everything at a point, from the target. */
  const digestsOf = async (target: BackupTarget, points: readonly BackupRecord[], point: BackupRecord) => {
    const line = points.slice(0, points.indexOf(point) + 1);
    return mergeManifests(await Promise.all(line.map((each) => target.readDigests(each))));
  };

  describe("the contract of a backup target", () => {
    it("gives every point of a chain back, byte for byte", async () => {
      const target = await open();
      const spec = await makeImage("bytes");
      const points = await makeChain(target, spec);
      for (const point of points) {
        expect(await restoredMd5(target, point)).toBe(await sourceMd5(spec, point));
        expect(await target.find(point.id)).toEqual(point);
      }
      expect(points.map(({ size }) => size / MiB)).toEqual([20, 20, 24]);
      await using chain = await target.openChain(points[0]?.chain ?? "");
      expect(await chain.points()).toEqual(points);
      expect(await chain.problem(points[2] as BackupRecord)).toBeNull();
      expect(await chain.problem(points[1] as BackupRecord)).toMatchObject({ reason: "parent-missing" });
    });

    it("writes only the ranges that are asked for", async () => {
      const target = await open();
      const spec = await makeImage("ranges");
      const point = (await makeChain(target, spec))[1] as BackupRecord;
      const restored = `${pool}/ranges-restored`;
      await witness.rbd("create", "--size", `${point.size}B`, restored);
      await write(restored, 0, point.size);
      await using image = await openImage(pools.cluster, restored);
      const before = await image.read(0, point.size);
      const ranges = [
        { offset: 0, length: 4096 },
        { offset: MiB - 100, length: MiB },
        { offset: 7 * MiB + 4096, length: 100_000 },
        { offset: 19 * MiB, length: MiB },
      ];
      const into = { cluster: pools.cluster, image: toImageOnly(restored) };
      await target.copyOut(point, into, { ranges });
      await using original = await openImage(pools.cluster, `${spec}@${point.source.snapshot.name}`);
      const expected = Buffer.from(before);
      for (const { offset, length } of ranges) expected.set(await original.read(offset, length), offset);
      expect(expected.equals(await image.read(0, point.size))).toBe(true);
    });

    it("keeps digests that the restored data, and the source, agree with", async () => {
      const target = await open();
      const spec = await makeImage("digests");
      const points = await makeChain(target, spec);
      for (const point of points) {
        const manifest = await digestsOf(target, points, point);
        expect(manifest.isFull).toBe(true);
        const snapshot = point.source.snapshot.name;
        const { wrong } = await verifyDigests(pools.cluster, { image: spec, snapshot, manifest });
        expect(wrong).toEqual([]);
      }
    });

    it("shows a point when it is committed, not before, and removes what is not", async () => {
      const target = await open();
      const spec = await makeImage("commit");
      const chain = await openNewChain(target, spec);
      const record = await append(chain, spec, null);
      expect(await target.find(record.id)).toBeNull();
      expect((await target.list({ source: record.source })).points).toEqual([]);
      await chain[Symbol.asyncDispose]();
      await using again = await target.openChain(chain.name);
      expect(await again.points()).toEqual([]);
      const { commit } = await append(again, spec, null, record.id);
      const committed = await commit();
      expect(await again.points()).toEqual([committed]);
    });

    it("lists the points of one image, and of all", async () => {
      const target = await open();
      const [a, b] = [await makeImage("list-a"), await makeImage("list-b")];
      const [of, others] = [await makeChain(target, a), await makeChain(target, b)];
      const byId = (list: readonly BackupRecord[]) => list.map(({ id }) => id).toSorted();
      const source = of[0]?.source as BackupRecord["source"];
      const listing = await target.list({ source });
      expect(byId(listing.points)).toEqual(byId(of));
      expect(listing.problems).toEqual([]);
      expect(byId((await target.list()).points)).toEqual(expect.arrayContaining(byId([...of, ...others])));
    });

    it("lets one process at a time change a chain", async () => {
      const target = await open();
      const chain = await target.openChain(target.newChain({ imageName: "busy" }, randomUUID()));
      const other = await open();
      await expect(other.openChain(chain.name)).rejects.toMatchObject({ code: "BUSY" });
      await chain[Symbol.asyncDispose]();
      await using again = await other.openChain(chain.name);
      expect(await again.points()).toEqual([]);
    });

    it("refuses to build on anything but the newest point", async () => {
      const target = await open();
      const spec = await makeImage("newest");
      const points = await makeChain(target, spec);
      await using chain = await target.openChain(points[0]?.chain ?? "");
      await expect(append(chain, spec, points[1] as BackupRecord)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
      await expect(append(chain, spec, null)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      expect(await chain.points()).toEqual(points);
    });

    it("stops an append at its signal, and leaves the chain as it was", async () => {
      const target = await open();
      const spec = await makeImage("abort");
      const points = await makeChain(target, spec);
      const newest = points.at(-1) as BackupRecord;
      const reason = new Error("enough");
      {
        await using chain = await target.openChain(newest.chain);
        const name = `backup.${randomUUID()}.snap.1`;
        await write(spec, 0, 4 * MiB);
        await witness.rbd("snap", "create", "--no-progress", `${spec}@${name}`);
        const stop = new AbortController();
        const source = {
          cluster: pools.cluster,
          image: toImageOnly(spec),
          from: newest.source.snapshot.name,
          to: name,
        };
        const request = { id: randomUUID(), name, parent: newest, source };
        const onProgress = () => stop.abort(reason);
        await expect(chain.append(request, { signal: stop.signal, onProgress })).rejects.toBe(reason);
      }
      await using chain = await target.openChain(newest.chain);
      expect(await chain.points()).toEqual(points);
      expect(await chain.problem(newest)).toBeNull();
      expect(await restoredMd5(target, newest)).toBe(await sourceMd5(spec, newest));
    });

    it("changes labels, protection and checks of a record, and nothing else", async () => {
      const target = await open();
      const spec = await makeImage("update");
      const point = (await makeChain(target, spec))[1] as BackupRecord;
      await using chain = await target.openChain(point.chain);
      const quick = { at: new Date().toISOString(), ok: true, bytes: 1, problems: [], problemCount: 0 };
      const changed = {
        ...point,
        labels: { plan: "weekly" },
        protected: true,
        checks: { ...point.checks, quick },
      };
      await chain.update(changed);
      expect(await target.find(point.id)).toEqual(changed);
      await expect(chain.update({ ...changed, size: 4096 })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
      await expect(chain.update({ ...changed, id: randomUUID() })).rejects.toMatchObject({
        code: "NOT_FOUND",
      });
      expect(await target.find(point.id)).toEqual(changed);
    });

    it.each([
      ["the oldest", 0],
      ["the middle", 1],
      ["the newest", 2],
    ])("removes %s point of a chain and keeps the others", async (_, index) => {
      const target = await open();
      const spec = await makeImage(`remove-${index}`);
      const points = await makeChain(target, spec);
      const removed = points[index] as BackupRecord;
      await using chain = await target.openChain(removed.chain);
      await chain.remove(removed.id);
      const left = await chain.points();
      expect(left.map(({ id }) => id)).toEqual(
        points.filter((point) => point !== removed).map(({ id }) => id),
      );
      expect(left.map(({ parent }) => parent)).toEqual([null, left[0]?.id]);
      expect(await target.find(removed.id)).toBeNull();
      for (const point of left) {
        expect(await restoredMd5(target, point)).toBe(await sourceMd5(spec, point));
        const manifest = await digestsOf(target, left, point);
        expect(manifest.isFull).toBe(true);
        const { wrong } = await verifyDigests(pools.cluster, {
          image: spec,
          snapshot: point.source.snapshot.name,
          manifest,
        });
        expect(wrong).toEqual([]);
        expect(await target.check(point, "deep", { digests: manifest })).toMatchObject({
          ok: true,
          problems: [],
        });
      }
      await expect(chain.remove(removed.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("extends a chain whose oldest point was removed", async () => {
      const target = await open();
      const spec = await makeImage("extend");
      const points = await makeChain(target, spec);
      await using chain = await target.openChain(points[0]?.chain ?? "");
      await chain.remove(points[0]?.id ?? "");
      const newest = (await chain.points()).at(-1) as BackupRecord;
      await write(spec, 12 * MiB, 100_000);
      const point = await (await append(chain, spec, newest)).commit();
      expect(await restoredMd5(target, point)).toBe(await sourceMd5(spec, point));
    });

    it("leaves nothing when the last point of a chain is removed", async () => {
      const target = await open();
      const spec = await makeImage("last");
      const points = await makeChain(target, spec);
      await using chain = await target.openChain(points[0]?.chain ?? "");
      for (const point of points) await chain.remove(point.id);
      expect(await chain.points()).toEqual([]);
      expect(await target.list({ source: points[0]?.source })).toEqual({ points: [], problems: [] });
    });

    it("finds damaged data by a deep check, and does not take it for good", async () => {
      const target = await open();
      const spec = await makeImage("damaged");
      const points = await makeChain(target, spec);
      const [first, , last] = points as [BackupRecord, BackupRecord, BackupRecord];
      const digests = await digestsOf(target, points, last);
      const whole = await target.check(last, "deep", { digests });
      expect(whole).toMatchObject({ ok: true, problems: [], problemCount: 0 });
      expect(await target.check(last, "quick", { digests })).toMatchObject({ ok: true });
      await damage(first);
      const found = await target.check(last, "deep", { digests });
      expect(found.ok).toBe(false);
      expect(found.problems).toHaveLength(found.problemCount);
      expect(found.problems.join()).not.toBe("");
    });
  });
}
