import { describe, expect, it } from "vitest";
import { type CloneOptions, cloneImage } from "../../../src/clone/index.ts";
import { openImage } from "../../../src/image/image.ts";
import { inventory, isIncomplete } from "../../../src/inventory/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { imageWithHistory, mib } from "../../support/fill.ts";
import { type Kill, runAndKill } from "../../support/kill-at.ts";
import { type KilledMaking, killAtEveryChange, killOnce, stateOf } from "../../support/killed-making.ts";
import { isSoak, seedsFrom } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-clone");

/** A source in a pool of its own, and a clone of it that will be killed. */
async function making(
  name: string,
  snapshots: readonly string[],
  more: Partial<CloneOptions>,
): Promise<KilledMaking> {
  const pool = `${own.pool}-${name}`;
  await own.cluster.createPool(pool);
  const [source, target] = [`${pool}/source`, `${pool}/clone`];
  await imageWithHistory(own.cluster, source, snapshots, { size: 8 * mib });
  await own.rbd("image-meta", "set", source, "owner", "me");
  const options = { source: more.source === undefined ? source : `${source}@${String(more.source)}`, target };
  const all = { ...more, ...options };
  const md5 = await own.witness.md5(options.source);
  return {
    own,
    pool,
    source,
    target,
    flow: { call: "cloneImage", options: all },
    again: () => cloneImage(own.cluster, all),
    async check() {
      const info = (await own.witness.json("info", target)) as {
        size: number;
        parent?: { snapshot: string };
      };
      const isCopy = more.flatten === true;
      expect(info.size).toBe(more.size ?? 8 * mib);
      expect(info.parent === undefined).toBe(isCopy);
      if (more.size === undefined) expect(await own.witness.md5(target)).toBe(md5);
      expect(await own.rbd("image-meta", "get", target, "owner")).toBe("me\n");
      const listed = (await own.witness.json("children", "--all", source)) as unknown[];
      expect(listed).toHaveLength(isCopy ? 0 : 1);
    },
  };
}

describe("a clone whose process is killed before and after each of its changes", { timeout: 600_000 }, () => {
  // The others differ in less, and each death takes seconds.
  it.each([
    ["creates and protects a snapshot", ["monday"], { cloneFormat: 1 }, 0],
    ["is flattened", ["monday"], { cloneFormat: 2, flatten: true }, 1],
  ] as const)("is made by the same call, or reconciled, when it %s", async (title, snapshots, more, turn) => {
    const killed = await making(title.replaceAll(" ", "-"), snapshots, more);
    const outcomes = await killAtEveryChange(killed, turn);
    expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["again: made", "reconcile: undone"]));
  });

  it.runIf(isSoak).each([
    ["protects a snapshot that is there", ["monday="], { cloneFormat: 1 }],
    ["clones a snapshot that is there", ["monday", "tuesday"], { cloneFormat: 2, source: "monday" }],
    ["is enlarged", ["monday="], { cloneFormat: 2, size: 12 * mib }],
  ] as const)("is made by the same call, or reconciled, when it %s", async (title, snapshots, more) => {
    const outcomes = await killAtEveryChange(await making(title.replaceAll(" ", "-"), snapshots, more));
    expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["again: made", "reconcile: undone"]));
  });
});

describe("a clone whose process is killed while librbd makes it", { timeout: 300_000 }, () => {
  it.each([
    ["name-only", "undone"],
    ["id-only", "undone"],
    ["no-parent", "undone"],
    ["no-child-entry", "undone"],
    ["no-snapshot", "undone"],
    ["whole", "finished"],
  ] as const)("%s: is %s", async (inClone, expected) => {
    const killed = await making(inClone, [], { cloneFormat: 2 });
    const before = await stateOf(killed);
    const kill: Kill = { inClone };
    expect(await killOnce(killed, kill, "again", before)).toEqual({ killed: true, outcome: "made" });
    expect(await killOnce(killed, kill, "reconcile", before)).toEqual({ killed: true, outcome: expected });
  });
});

describe("what a killed clone left", { timeout: 120_000 }, () => {
  it("is marked and does not open as if it were whole; while somebody uses it, it stays", async () => {
    const killed = await making("used", [], { cloneFormat: 2 });
    const { flow, target, pool } = killed;
    await runAndKill({ conf: own.conf, kill: { inClone: "no-parent" }, flow });
    const { rows } = await inventory(own.cluster, { pools: [pool] });
    expect(rows.filter(isIncomplete).map(({ spec }) => spec)).toEqual([target]);
    await expect(openImage(own.cluster, target)).rejects.toMatchObject({
      code: "INCOMPLETE",
      object: target,
    });

    const theirs = await own.native.openPool(pool);
    const opened = await theirs.openImage("clone");
    expect(await reconcile(own.cluster, { pools: [pool] })).toMatchObject([{ outcome: "left", error: null }]);
    await expect(killed.again()).rejects.toMatchObject({ code: "INCOMPLETE", object: target });
    await opened.write(0, Buffer.alloc(4096, 7));
    await opened.close();
    expect(await reconcile(own.cluster, { pools: [pool] })).toMatchObject([{ outcome: "left", error: null }]);

    await own.rbd("rm", "--no-progress", target);
    await theirs.close();
    await killed.again();
    await killed.check();
    expect(await reconcile(own.cluster, { pools: [pool] })).toEqual([]);
  });

  it("keeps its snapshot on the source when another clone depends on it", async () => {
    const killed = await making("shared", [], { cloneFormat: 2 });
    const { flow, pool, source, target } = killed;
    await runAndKill({ conf: own.conf, kill: { inClone: "no-parent" }, flow });
    const other = await cloneImage(own.cluster, {
      source: `${source}`,
      target: `${target}-2`,
      cloneFormat: 2,
    });
    expect(other.reused).toBe(true);
    expect(await reconcile(own.cluster, { pools: [pool] })).toMatchObject([{ outcome: "undone" }]);
    const snapshots = await own.witness.json("snap", "ls", String(source));
    expect(snapshots).toMatchObject([{ name: other.snapshot.name }]);
    expect(await own.witness.md5(`${target}-2`)).toBe(await own.witness.md5(String(source)));
  });

  it("is not touched when another client made the image", async () => {
    const killed = await making("foreign", [], { cloneFormat: 2 });
    const { flow, pool, target } = killed;
    await runAndKill({ conf: own.conf, kill: { nth: 1, late: true }, flow });
    await own.rbd("create", "--size", "4M", target);
    expect(await reconcile(own.cluster, { pools: [pool] })).toMatchObject([{ outcome: "undone" }]);
    await expect(killed.again()).rejects.toMatchObject({ code: "EXISTS" });
    expect(await own.witness.json("info", target)).toMatchObject({ size: 4 * mib });
  });
});

describe.runIf(isSoak)("a clone whose process is killed at random instants", { timeout: 3_600_000 }, () => {
  it("is made by the same call, or reconciled", async () => {
    const killed = await making("random", ["monday"], { cloneFormat: 1 });
    const before = await stateOf(killed);
    const outcomes: Record<string, number> = {};
    for (const seed of seedsFrom(1, { usual: 0, soak: 100 })) {
      const remedy = seed % 2 === 0 ? "again" : "reconcile";
      const { outcome } = await killOnce(killed, { afterMs: (seed * 7919) % 400 }, remedy, before);
      outcomes[`${remedy}: ${outcome}`] = (outcomes[`${remedy}: ${outcome}`] ?? 0) + 1;
    }
    console.log(outcomes);
  });
});
