import { afterAll, describe, expect, it } from "vitest";
import { deletionPlan, executeDeletion, recoverRemoval } from "../../../src/deletion/index.ts";
import { hasCode } from "../../../src/errors/index.ts";
import {
  beginOperation,
  listOperations,
  type Recovery,
  readOperations,
} from "../../../src/operation/index.ts";
import { forgetWatches, runUntilDead } from "../../support/dead-clients.ts";
import { removals } from "../../support/remove-and-die.ts";
import { deathsAt, isSoak } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-removals");

interface Victim {
  kind: keyof typeof removals;
  /** Makes what is removed and returns the id that the removal is given. */
  make(pool: string): Promise<string>;
  /** What is listed in the end: names, and ids or names in the trash. */
  rest?: { images: string[]; trash: string[] };
  /** The clones must keep this content. */
  clones?: string[];
}

/** Made past the product, whose records are looked at, and without an `rbd` process for each step. */
async function volume(pool: string, snapshot?: string, name = "volume"): Promise<string> {
  await using ioCtx = await own.native.openPool(pool);
  await ioCtx.createImage(name, { size: 8 * 1024 ** 2 });
  await using image = await ioCtx.openImage(name);
  if (snapshot !== undefined) {
    await image.createSnapshot(snapshot);
    await image.protectSnapshot(snapshot);
  }
  return image.id;
}

async function withClone(pool: string): Promise<string> {
  const id = await volume(pool, "s");
  await using ioCtx = await own.native.openPool(pool);
  await ioCtx.clone({ pool: ioCtx, image: "volume", snapshot: "s" }, "clone");
  return id;
}

const victims: readonly Victim[] = [
  { kind: "deleteVolume", make: withClone, rest: { images: ["clone"], trash: [] } },
  { kind: "keepClones", make: withClone, rest: { images: ["clone"], trash: ["volume"] } },
  {
    kind: "removeByPrefix",
    make: async (pool) => {
      await volume(pool, undefined, "disk-0");
      return await volume(pool, "s", "disk-1");
    },
  },
  { kind: "removeTemplate", make: (pool) => volume(pool, "snap") },
  {
    kind: "purgeTrash",
    async make(pool) {
      const id = await volume(pool, "s");
      await using ioCtx = await own.native.openPool(pool);
      {
        await using image = await ioCtx.openImage({ id });
        await image.unprotectSnapshot("s");
      }
      await ioCtx.trashMove("volume");
      return id;
    },
  },
  { kind: "executeDeletion", make: (pool) => volume(pool, "s") },
  { kind: "moveToTrash", make: (pool) => volume(pool), rest: { images: [], trash: ["volume"] } },
  { kind: "removeImage", make: (pool) => volume(pool) },
];

async function listed(pool: string) {
  const { images, trash } = await own.witness.listed(pool);
  return { images: images.toSorted(), trash: trash.map(({ name }) => name).toSorted() };
}

/** Removes everything, by plain means: clones before their parents. */
async function clear(pool: string): Promise<void> {
  await using ioCtx = await own.native.openPool(pool);
  for (const { id, name } of await ioCtx.listTrash()) await ioCtx.trashRestore(id, name);
  for (const name of (await listed(pool)).images) {
    {
      await using image = await ioCtx.openImage(name);
      for (const snapshot of await image.listSnapshots()) {
        if (snapshot.protected) await image.unprotectSnapshot(snapshot.name);
        await image.removeSnapshot(snapshot.name);
      }
    }
    await ioCtx.removeImage(name);
  }
}

/** Recovers every interrupted operation of a pool, as `reconcile` does. */
async function recoverAll(pool: string): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  for (const { image, purpose, kind, state } of await listOperations(own.cluster, { pools: [pool] })) {
    expect(state).toBe("interrupted");
    await using operation = await beginOperation(own.cluster, {
      image,
      purpose,
      kind: kind ?? "",
      details: {},
    });
    recoveries.push(await recoverRemoval(own.cluster, operation));
    await operation.end();
  }
  return recoveries;
}

/** Deaths that a removal has survived, by what became of it. */
const counts = new Map<string, number>();

const nothing = { images: [], trash: [] };

describe("a removal that is killed at every change is completed by the same call, or by recovery", {
  timeout: 600_000,
}, () => {
  it.each(victims.map((victim, index) => ({ ...victim, turn: (index % 2) as 0 | 1 })))(
    "$kind",
    async ({ kind, make, rest = nothing, turn }) => {
      const pool = own.other(kind);
      await own.cluster.createPool(pool);
      const whole = { ...nothing };
      for (let nth = 1, isOver = false; !isOver; nth++) {
        for (const { late, remedy } of deathsAt(nth, turn)) {
          const id = await make(pool);
          Object.assign(whole, await listed(pool));
          // A plan that is made after the death has the watch of the dead client as a blocker, for half a minute.
          const plan =
            kind === "executeDeletion" ? await deletionPlan(own.cluster, { pool, namespace: "", id }) : null;
          const death = { nth, late };
          const died = await runUntilDead("remove-and-die.ts", { conf: own.conf, kind, pool, id, death });
          const where = `killed at change ${nth}${late ? ", after it" : ""}`;
          if (died) counts.set(`${kind}: killed`, (counts.get(`${kind}: killed`) ?? 0) + 1);
          if (died && remedy === "again") {
            // Dead after its last change: the call had done its work, and nothing tells of it any more.
            const isDone = (await recorded(pool)).length === 0 && isListed(await listed(pool), rest);
            const again =
              plan === null
                ? removals[kind](own.cluster, pool, id)
                : executeDeletion(own.cluster, plan, { way: "remove" });
            await again.catch((error: unknown) => {
              if (!isDone || !hasCode(error, "NOT_FOUND")) throw new Error(where, { cause: error });
            });
          }
          if (died && remedy === "reconcile") {
            const outcomes = await recoverAll(pool);
            for (const { outcome } of outcomes) {
              const key = `${kind}: ${outcome}`;
              counts.set(key, (counts.get(key) ?? 0) + 1);
            }
            expect(
              outcomes.map(({ what }) => what).filter((what) => what.includes("left")),
              where,
            ).toEqual([]);
            const isUndone = outcomes.length === 0 || outcomes.some(({ outcome }) => outcome === "undone");
            const now = await listed(pool);
            // One image of several may be gone, and the next one as it was.
            const partly = whole.images.map((one) => ({ images: [one], trash: [] }));
            const allowed = kind === "removeByPrefix" ? [whole, ...partly, rest] : [whole, rest];
            if (isUndone) expect(allowed, where).toContainEqual(now);
            else expect(now, where).toEqual(rest);
          } else {
            expect(await listed(pool), where).toEqual(rest);
          }
          expect(await recorded(pool), where).toEqual([]);
          await forgetAll(pool);
          await clear(pool);
          expect(await leftovers(pool), where).toEqual([]);
          isOver = !died;
          if (isOver) break;
        }
      }
      await own.cluster.deletePool(pool);
    },
  );
});

const isListed = (now: object, rest: object) => JSON.stringify(now) === JSON.stringify(rest);

async function recorded(pool: string) {
  return readOperations(await own.cluster.pool(pool));
}

/** Forgets the watches of the dead clients of all images, where no record tells of them. */
async function forgetAll(pool: string): Promise<void> {
  await using ioCtx = await own.native.openPool(pool);
  for (const { id } of [...(await ioCtx.listImages()), ...(await ioCtx.listTrash())]) {
    try {
      await forgetWatches(own.cluster, pool, { id });
    } catch (error) {
      if (!hasCode(error, "NOT_FOUND")) throw error;
    }
  }
}

/** Objects that no image accounts for. */
async function leftovers(pool: string): Promise<unknown[]> {
  const [{ images, trash, objects }] = (await own.look(pool)) as [
    { images: unknown[]; trash: unknown[]; objects: string[] },
  ];
  return [...images, ...trash, ...objects.filter((name) => !name.startsWith("rbd_mirror"))];
}

afterAll(() => {
  if (isSoak) console.log([...counts].map(([what, count]) => `${what} ${count}`).join("\n"));
});
