import { expect, it } from "vitest";
import { readOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { createVolumeSnapshot } from "../../../src/volume/index.ts";
import { runUntilDead } from "../../support/dead-clients.ts";
import type { DyingRemoval } from "../../support/remove-and-die.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-snapshot");

it("a volume's snapshot is made by the same call, or reconciled, whenever its process was killed", {
  timeout: 300_000,
}, async () => {
  const { cluster, conf, pool } = own;
  const ioCtx = await cluster.pool(pool);
  const outcomes = new Set<string>();
  await own.rbd("create", "--size", "8M", `${pool}/volume`);
  for (let [at, wasKilled] = [0, true]; wasKilled; at++) {
    // What stands after one change is what stands before the next: each state gets both remedies.
    const [nth, late] = [Math.floor(at / 2) + 1, at % 2 === 1];
    const dying: DyingRemoval = { conf, pool, kind: "snapshot", id: "", death: { nth, late } };
    wasKilled = await runUntilDead("remove-and-die.ts", dying);
    if (wasKilled && late) {
      for (const { outcome } of await reconcile(cluster, { pools: [pool] })) outcomes.add(outcome);
    }
    const isEnded = (await readOperations(ioCtx)).length === 0;
    if (wasKilled && !late && !(isEnded && (await names()).length > 0)) {
      await createVolumeSnapshot(cluster, { volume: `${pool}/volume`, name: "s", protect: true });
      outcomes.add("made");
    }
    expect(await readOperations(ioCtx)).toEqual([]);
    const snapshots = await own.witness.json("snap", "ls", `${pool}/volume`);
    if (late && (snapshots as unknown[]).length === 0) continue;
    expect(snapshots, `killed at change ${nth}, late: ${late}`).toMatchObject([
      { name: "s", protected: "true" },
    ]);
    await using image = await ioCtx.openImage("volume");
    await image.removeSnapshot("s", { unprotect: true });
  }
  expect(outcomes).toEqual(new Set(["made", "undone", "finished"]));

  async function names(): Promise<string[]> {
    await using image = await ioCtx.openImage("volume", { readOnly: true });
    return (await image.listSnapshots()).map(({ name }) => name);
  }
});
