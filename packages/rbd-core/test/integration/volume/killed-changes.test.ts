import { describe, expect, it } from "vitest";
import { recoverFlatten } from "../../../src/flatten/index.ts";
import { beginOperation, listOperations, type Recovery } from "../../../src/operation/index.ts";
import { recoverRollback } from "../../../src/volume/index.ts";
import { forgetWatches, runUntilDead } from "../../support/dead-clients.ts";
import { removals } from "../../support/remove-and-die.ts";
import { deathsAt } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-changes");
const { rbd } = own;
const bench = { total: "512K", size: "64K", pattern: "rand" } as const;

/** Recovers every interrupted operation of a pool, as `reconcile` does. */
async function recoverAll(pool: string): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  for (const { image, purpose, kind } of await listOperations(own.cluster, { pools: [pool] })) {
    const request = { image, purpose, kind: kind ?? "", details: {} };
    await using operation = await beginOperation(own.cluster, request);
    const recover = kind === "flatten" ? recoverFlatten : recoverRollback;
    recoveries.push(await recover(own.cluster, operation, { again: true }));
    await operation.end();
  }
  return recoveries;
}

async function snapshotsOf(spec: string): Promise<string[]> {
  return ((await own.witness.json("snap", "ls", spec)) as { name: string }[]).map(({ name }) => name);
}

describe("killed at every change", { timeout: 600_000 }, () => {
  async function killEach(kind: "flatten" | "rollback", make: () => Promise<string>, check: Check) {
    for (let nth = 1; ; nth++) {
      for (const { late, remedy } of deathsAt(nth)) {
        const pool = await make();
        const content = await own.witness.md5(`${pool}/volume`);
        const death = { nth, late };
        const died = await runUntilDead("remove-and-die.ts", { conf: own.conf, kind, pool, id: "", death });
        const recoveries = died && remedy === "reconcile" ? await recoverAll(pool) : [];
        // Dead after its last change, or before its first: no record tells of the client, which is forgotten by itself.
        if (died && recoveries.length === 0) await forgetWatches(own.cluster, pool, "volume");
        if (died && remedy === "again") await removals[kind](own.cluster, pool);
        const where = `killed at change ${nth}${late ? ", after it" : ""}: ${recoveries.map(({ what }) => what)}`;
        await check(pool, { content, where, isComplete: !died || remedy === "again" });
        expect(await listOperations(own.cluster, { pools: [pool] }), where).toEqual([]);
        if (!died) return;
      }
    }
  }

  it("a flatten is finished by the same call, or by recovery", async () => {
    const pool = own.other("flatten");
    await own.cluster.createPool(pool);
    await own.written(`${pool}/parent`, "8M", bench);
    await own.protectedSnapshot(`${pool}/parent@s`);
    const make = async () => {
      if (((await own.witness.json("ls", pool)) as string[]).includes("volume"))
        await rbd("rm", "--no-progress", `${pool}/volume`);
      await rbd("clone", `${pool}/parent@s`, `${pool}/volume`);
      return pool;
    };
    await killEach("flatten", make, async (_, { content, where, isComplete }) => {
      const info = (await own.witness.json("info", `${pool}/volume`)) as object;
      if (isComplete) expect(info, where).not.toHaveProperty("parent");
      expect(await own.witness.md5(`${pool}/volume`), where).toBe(content);
      await forgetWatches(own.cluster, pool, "volume");
    });
    await own.cluster.deletePool(pool);
  });

  it("a rollback is finished by the same call, and finished or undone by recovery", async () => {
    const pool = own.other("rollback");
    await own.cluster.createPool(pool);
    const volume = await own.written(`${pool}/volume`, "8M", bench);
    await rbd("snap", "create", "--no-progress", `${volume}@s`);
    await own.write(volume, bench);
    await rbd("snap", "create", "--no-progress", `${volume}@after`);
    const wanted = await own.witness.md5(`${volume}@s`);
    const make = async () => {
      await rbd("snap", "rollback", "--no-progress", `${volume}@after`);
      return pool;
    };
    await killEach("rollback", make, async (_, { content, where, isComplete }) => {
      const now = await own.witness.md5(volume);
      if (isComplete) expect(now, where).toBe(wanted);
      else expect([content, wanted], where).toContain(now);
      expect(await snapshotsOf(volume), where).toEqual(["s", "after"]);
    });
    await own.cluster.deletePool(pool);
  });
});

type Check = (
  pool: string,
  found: {
    content: string;
    where: string;
    /** Whether the operation must be finished. */
    isComplete: boolean;
  },
) => Promise<void>;
