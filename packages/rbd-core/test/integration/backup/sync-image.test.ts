import { randomBytes } from "node:crypto";
import { describe, expect, inject, it } from "vitest";
import { syncImage } from "../../../src/backup/index.ts";
import { openImage } from "../../../src/image/image.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { runUntilKilled } from "../../support/die-in-transfer.ts";
import type { Death } from "../../support/transfer-and-die.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const pools = useOwnPool("sync", ["copies"]);
/** The operations of this file. Other files leave some as well. */
const mine = { pools: [pools.pool, pools.other("copies")] };
const { pool, witness } = pools;
const copies = pools.other("copies");

const makeImage = async (name: string): Promise<string> => {
  const spec = `${pool}/${name}`;
  await witness.rbd("create", "--size", "8M", "--object-size", "1M", spec);
  await write(spec, 0, 300_000);
  return spec;
};

const write = async (spec: string, offset: number, length: number): Promise<void> => {
  await using image = await openImage(pools.cluster, spec);
  await image.write(offset, randomBytes(length));
};

const snapshots = async (spec: string): Promise<string[]> => {
  const list = (await witness.json("snap", "ls", spec)) as { name: string }[];
  return list.map(({ name }) => name);
};

/** Times a minute apart. */
const clock = () => {
  let minute = 0;
  return () => new Date(Date.UTC(2026, 2, 1, 0, minute++));
};

describe("syncImage", () => {
  it("makes a copy, keeps it up to date, and prunes both ends by their retention", async () => {
    const source = await makeImage("vm");
    const options = {
      image: source,
      target: { image: `${copies}/vm` },
      retention: { target: { keepLast: 2 } },
      now: clock(),
    };
    await witness.rbd("snap", "create", "--no-progress", `${source}@mine`);
    const first = await syncImage(pools.cluster, options);
    expect(first).toMatchObject({ from: null, created: true, removed: { source: [], target: [] } });
    await write(source, 2_000_000, 10_000);
    await witness.rbd("resize", "--no-progress", "--size", "9M", source);
    const second = await syncImage(pools.cluster, options);
    expect(second).toMatchObject({
      from: first.snapshot,
      created: false,
      removed: { source: [first.snapshot], target: [] },
      kept: [],
    });
    expect(second.bytesWritten).toBeLessThan(100_000);
    await write(source, 0, 4096);
    const third = await syncImage(pools.cluster, options);
    expect(third.removed).toEqual({ source: [second.snapshot], target: [first.snapshot] });
    expect(await snapshots(source)).toEqual(["mine", third.snapshot]);
    expect(await snapshots(`${copies}/vm`)).toEqual([second.snapshot, third.snapshot]);
    const copy = await witness.md5(`${copies}/vm`);
    expect(copy).toBe(await witness.md5(`${source}@${third.snapshot}`));
    expect(copy).toBe(await witness.md5(`${copies}/vm@${third.snapshot}`));
    const layout = (await witness.json("info", `${copies}/vm`)) as { object_size: number };
    expect(layout.object_size).toBe(2 ** 20);
    expect(await listOperations(pools.cluster, mine)).toEqual([]);
  });

  it("keeps one image in two places without taking the common point of the other", async () => {
    const source = await makeImage("twice");
    const to = (name: string) =>
      syncImage(pools.cluster, { image: source, target: { image: `${copies}/${name}` } });
    const [a, b] = [await to("twice-a"), await to("twice-b")];
    await write(source, 5_000_000, 5000);
    expect((await to("twice-a")).from).toBe(a.snapshot);
    expect((await to("twice-b")).from).toBe(b.snapshot);
    expect(await witness.md5(`${copies}/twice-a`)).toBe(await witness.md5(`${copies}/twice-b`));
  });

  it("keeps a snapshot that has clones, and says so", async () => {
    const source = await makeImage("cloned");
    const options = { image: source, target: { image: `${copies}/cloned` }, now: clock() };
    const { snapshot } = await syncImage(pools.cluster, options);
    await witness.rbd("snap", "protect", `${copies}/cloned@${snapshot}`);
    await witness.rbd("clone", `${copies}/cloned@${snapshot}`, `${copies}/clone-of-it`);
    const next = await syncImage(pools.cluster, options);
    expect(next.removed).toEqual({ source: [snapshot], target: [] });
    expect(await snapshots(`${copies}/cloned`)).toEqual([snapshot, next.snapshot]);
  });

  it("refuses a target that is no copy of the source, and leaves both as they were", async () => {
    const source = await makeImage("other");
    const target = `${copies}/foreign`;
    await witness.rbd("create", "--size", "8M", target);
    await write(target, 0, 1000);
    const before = await witness.md5(target);
    const options = { image: source, target: { image: target } };
    await expect(syncImage(pools.cluster, options)).rejects.toMatchObject({ code: "NOT_EMPTY" });
    await witness.rbd("snap", "create", "--no-progress", `${target}@s`);
    await expect(syncImage(pools.cluster, options)).rejects.toMatchObject({ code: "NOT_A_COPY" });
    expect(await witness.md5(target)).toBe(before);
    expect(await snapshots(source)).toEqual([]);
    await expect(
      syncImage(pools.cluster, { image: source, target: { image: source } }),
    ).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await listOperations(pools.cluster, mine)).toEqual([]);
  });

  it("leaves nothing when it is aborted", async () => {
    const source = await makeImage("aborted");
    const stop = new AbortController();
    const reason = new Error("enough");
    const options = { image: source, target: { image: `${copies}/aborted` }, signal: stop.signal };
    const onProgress = () => stop.abort(reason);
    await expect(syncImage(pools.cluster, { ...options, onProgress })).rejects.toBe(reason);
    expect(await snapshots(source)).toEqual([]);
    expect(await witness.json("ls", copies)).not.toContain("aborted");
    expect(await listOperations(pools.cluster, mine)).toEqual([]);
  });
});

const moments: [when: string, death: Death, isSecond: boolean][] = [
  ["before the snapshot", { call: "createSnapshot" }, false],
  ["after the snapshot", { call: "createSnapshot", late: true }, false],
  ["before the target is made", { call: "createImage" }, false],
  ["after the target is made", { call: "createImage", late: true }, false],
  ["while data is written", { written: 64 * 1024 }, false],
  ["before the target's snapshot has its name", { change: "snapshot_rename" }, true],
  ["after the copy, before the first removal", { call: "removeSnapshot" }, true],
  ["between the removals", { call: "removeSnapshot", late: true }, true],
  ["after the last removal", { call: "removeSnapshot", nth: 2, late: true }, true],
];

describe("a sync whose process is killed", () => {
  it.each(moments)("%s goes on with the same call", async (when, death, isSecond) => {
    const name = when.replaceAll(/[^a-z]/g, "-");
    const source = await makeImage(name);
    const options = { image: source, target: { image: `${copies}/${name}` } };
    if (isSecond) {
      await syncImage(pools.cluster, options);
      await write(source, 1_000_000, 300_000);
    }
    await runUntilKilled({ conf: inject("cephConf"), death, syncImage: options });
    expect(await listOperations(pools.cluster, mine)).toHaveLength(1);
    const { snapshot } = await syncImage(pools.cluster, options);
    expect(await snapshots(source)).toEqual([snapshot]);
    expect(await snapshots(options.target.image)).toEqual([snapshot]);
    expect(await witness.md5(options.target.image)).toBe(await witness.md5(`${source}@${snapshot}`));
    expect(await listOperations(pools.cluster, mine)).toEqual([]);
  });

  it("is undone by reconcile", async () => {
    const source = await makeImage("reconciled");
    const options = { image: source, target: { image: `${copies}/reconciled` } };
    await runUntilKilled({ conf: inject("cephConf"), death: { written: 64 * 1024 }, syncImage: options });
    const [done] = await reconcile(pools.cluster, mine);
    expect(done).toMatchObject({ outcome: "undone", error: null });
    expect(await snapshots(source)).toEqual([]);
    expect(await witness.json("ls", copies)).not.toContain("reconciled");
    expect(await listOperations(pools.cluster, mine)).toEqual([]);
  });
});
