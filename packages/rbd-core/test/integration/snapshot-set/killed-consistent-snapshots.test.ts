import { expect, it } from "vitest";
import { createImage, removeSnapshot } from "../../../src/image/index.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { createConsistentSnapshots } from "../../../src/snapshot-set/index.ts";
import { mib } from "../../support/fill.ts";
import { runAndKill } from "../../support/kill-at.ts";
import { isSoak } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-set");

/** Two operations are begun and described, two snapshots made, and both operations confirmed and ended. */
const changes = 10;
const deaths = isSoak
  ? Array.from({ length: 2 * changes }, (_, i) => ({ nth: 1 + Math.floor(i / 2), late: i % 2 === 1 }))
  : [
      { nth: 6, late: false },
      { nth: 9, late: true },
    ];

it("leaves all snapshots or none when its process is killed", { timeout: 600_000 }, async () => {
  const images = ["a", "b"].map((name) => `${own.pool}/${name}`);
  for (const image of images) await createImage(own.cluster, image, { size: 8 * mib });
  const options = { snapshots: images.map((image) => ({ image, name: "s" })) };
  const flow = { call: "createConsistentSnapshots", options } as const;
  const counted = async () => {
    const listed = await Promise.all(images.map((image) => own.witness.json("snap", "ls", image)));
    expect(await listOperations(own.cluster, { pools: [own.pool] })).toEqual([]);
    return listed.flat().length;
  };
  const removeAll = async () => {
    for (const image of images) await removeSnapshot(own.cluster, `${image}@s`);
  };
  const whole = new Set<boolean>();
  for (const kill of deaths) {
    expect(await runAndKill({ conf: own.conf, kill, flow })).toMatchObject({ killed: true });
    await reconcile(own.cluster, { pools: [own.pool] });
    const left = await counted();
    expect([0, images.length], `killed at ${kill.nth}`).toContain(left);
    whole.add(left > 0);
    if (left > 0) await removeAll();

    expect(await runAndKill({ conf: own.conf, kill, flow })).toMatchObject({ killed: true });
    // The same call succeeds, or finds that all had been made.
    const again = await createConsistentSnapshots(own.cluster, options).catch((error: unknown) => error);
    expect(again).toMatchObject(left > 0 ? { code: "EXISTS" } : { snapshots: [{}, {}] });
    expect(await counted()).toBe(images.length);
    await removeAll();
  }
  expect(whole).toEqual(new Set([true, false]));
});
