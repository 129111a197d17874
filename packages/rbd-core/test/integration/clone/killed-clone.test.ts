import { describe, expect, it } from "vitest";
import { type CloneOptions, cloneImage } from "../../../src/clone/index.ts";
import { imageWithHistory, mib } from "../../support/fill.ts";
import type { Kill } from "../../support/kill-at.ts";
import { type KilledMaking, killAtEveryChange, killOnce, stateOf } from "../../support/killed-making.ts";
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
  it.each([
    ["creates and protects a snapshot", ["monday"], { cloneFormat: 1 }],
    ["protects a snapshot that is there", ["monday="], { cloneFormat: 1 }],
    ["clones a snapshot that is there", ["monday", "tuesday"], { cloneFormat: 2, source: "monday" }],
    ["is enlarged", ["monday="], { cloneFormat: 2, size: 12 * mib }],
    ["is flattened", ["monday"], { cloneFormat: 2, flatten: true }],
  ] as const)("is made by the same call, or reconciled, when it %s", async (title, snapshots, more) => {
    const outcomes = await killAtEveryChange(await making(title.replaceAll(" ", "-"), snapshots, more));
    expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["again: made", "reconcile: undone"]));
  });
});

describe("a clone whose process is killed while librbd makes it", { timeout: 300_000 }, () => {
  it.each([
    ["id-only", "undone"],
    ["no-parent", "undone"],
    ["no-child-entry", "undone"],
    ["whole", "finished"],
  ] as const)("%s: is %s", async (inClone, expected) => {
    const killed = await making(inClone, [], { cloneFormat: 2 });
    const before = await stateOf(killed);
    const kill: Kill = { inClone };
    expect(await killOnce(killed, kill, "again", before)).toEqual({ killed: true, outcome: "made" });
    expect(await killOnce(killed, kill, "reconcile", before)).toEqual({ killed: true, outcome: expected });
  });
});
