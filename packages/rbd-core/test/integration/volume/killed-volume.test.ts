import { describe, expect, it } from "vitest";
import { type CreateVolumeOptions, createVolume } from "../../../src/volume/index.ts";
import { imageWithHistory, mib } from "../../support/fill.ts";
import { type KilledMaking, killAtEveryChange } from "../../support/killed-making.ts";
import { isSoak } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-volume");

/** A source in a pool of its own, with the protected snapshot `guarded`, and a volume that will be killed. */
async function making(
  name: string,
  toOptions: (source: string) => Omit<CreateVolumeOptions, "target">,
): Promise<KilledMaking> {
  const pool = `${own.pool}-${name}`;
  await own.cluster.createPool(pool);
  const [source, target] = [`${pool}/source`, `${pool}/volume`];
  await imageWithHistory(own.cluster, source, ["guarded"], { size: 8 * mib });
  await own.rbd("snap", "protect", `${source}@guarded`);
  const options = { ...toOptions(source), target };
  return {
    own,
    pool,
    source,
    target,
    flow: { call: "createVolume", options },
    again: () => createVolume(own.cluster, options),
    async check() {
      const info = (await own.witness.json("info", target)) as { size: number; parent?: unknown };
      expect(info.size).toBe(options.size ?? 8 * mib);
      expect(info.parent === undefined).toBe(options.from === undefined || options.maxDepth === 0);
    },
  };
}

describe("a volume whose process is killed before and after each of its changes", {
  timeout: 600_000,
}, () => {
  const origins = [
    ["empty", () => ({ size: 4 * mib })],
    ["snapshot", (source: string) => ({ from: { snapshot: `${source}@guarded` } })],
    ["template", (source: string) => ({ from: { template: `${source}@guarded` }, size: 12 * mib })],
    ["copy", (source: string) => ({ from: { volume: source }, maxDepth: 0, cloneFormat: 1 as const })],
  ] as const;
  // A volume that is made from something takes the steps of a clone, whose deaths have a test of their own.
  it.each(isSoak ? origins : origins.slice(0, 1))(
    "is made by the same call, or reconciled: %s",
    async (name, toOptions) => {
      const outcomes = await killAtEveryChange(await making(name, toOptions));
      const expected = isSoak ? ["again: made", "reconcile: undone"] : ["again: made"];
      expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(expected));
    },
  );
});
