import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { BackupRecord } from "../../../src/backup/backup-record.ts";
import type { BackupTarget } from "../../../src/backup/backup-target.ts";
import { openImage } from "../../../src/image/image.ts";
import { toImageOnly } from "../../../src/names/index.ts";
import { verifyDigests } from "../../../src/transfer/index.ts";
import type { OwnPools } from "../../support/use-own-pool.ts";
import { MiB, usePoints } from "./point-maker.ts";

/** How the suite comes to a target. */
export interface TargetUnderTest {
  /** Opens the target; every call opens the same one. */
  open(): Promise<BackupTarget>;
  /** Flips a byte of the data that a point stored, behind the target's back. */
  damage(point: BackupRecord): Promise<void>;
}

/**
 * What every backup target must do: the contract of `BackupTarget`, held against plain `rbd`.
 *
 * @param pools The images to back up lie in its pool, and restored ones too.
 */
export function describeBackupTarget(pools: OwnPools, { open, damage }: TargetUnderTest): void {
  const { pool, witness } = pools;

  const { makeImage, write, append, openNewChain, makeChain, sourceMd5, restoredMd5, digestsOf } =
    usePoints(pools);

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
      const content = async () => {
        await using image = await openImage(pools.cluster, restored, { readOnly: true });
        return await image.read(0, point.size);
      };
      const before = await content();
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
      expect(expected.equals(await content())).toBe(true);
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
      expect(await target.points(of[0]?.chain ?? "")).toEqual(of);
      expect(await target.points("no-such-chain")).toEqual([]);
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
      expect(await chain.points()).toContainEqual(point);
      const quick = { at: new Date().toISOString(), ok: true, bytes: 1, problems: [], problemCount: 0 };
      const changed = {
        ...point,
        labels: { plan: "weekly" },
        protected: true,
        checks: { ...point.checks, quick },
      };
      await chain.update(changed);
      expect(await target.find(point.id)).toEqual(changed);
      expect(await chain.points()).toContainEqual(changed);
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
