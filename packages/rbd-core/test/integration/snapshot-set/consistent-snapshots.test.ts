import { setTimeout as delay } from "node:timers/promises";
import { Cluster, type Image } from "rbd-native";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createImage, createSnapshot, featureBits } from "../../../src/image/index.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { createConsistentSnapshots } from "../../../src/snapshot-set/index.ts";
import { mib } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const pools = useOwnPool("consistent");
const names = ["a", "b", "c"];
const spec = (name: string) => `${pools.pool}/${name}`;
const set = (snapshot: string) => names.map((name) => ({ image: spec(name), name: snapshot }));

beforeAll(async () => {
  for (const name of names) await createImage(pools.cluster, spec(name), { size: 8 * mib });
});

async function snapshotsOf(name: string): Promise<string[]> {
  const listed = (await pools.witness.json("snap", "ls", spec(name))) as { name: string }[];
  return listed.map((each) => each.name);
}

async function nothingLeft(snapshot: string): Promise<void> {
  for (const name of names) expect(await snapshotsOf(name)).not.toContain(snapshot);
  expect(await listOperations(pools.cluster, { pools: [pools.pool] })).toEqual([]);
}

/** The number in the first bytes of an image at a snapshot. */
async function numberAt(name: string, snapshot: string): Promise<number> {
  const ioCtx = await pools.cluster.pool(pools.pool);
  await using image = await ioCtx.openImage(name, { snapshot, readOnly: true });
  return (await image.read(0, 4)).readUInt32LE(0);
}

/** Whether one number was written to the first image at most once more than to the last, as at any one instant. */
async function isOneInstant(snapshot: string): Promise<boolean> {
  const numbers: number[] = [];
  for (const name of names) numbers.push(await numberAt(name, snapshot));
  const [first = 0, , last = 0] = numbers;
  const isDescending = numbers.every((number, i) => i === 0 || number <= (numbers[i - 1] ?? 0));
  return isDescending && first - last <= 1;
}

describe("while a client writes one number after the other to all images in turn", () => {
  let client: Cluster;
  let images: Image[];
  let turn = 0;
  let stopped = false;
  let writing: Promise<void>;
  beforeAll(async () => {
    client = await Cluster.connect({ conf: pools.conf });
    const ioCtx = await client.openPool(pools.pool);
    images = await Promise.all(names.map((name) => ioCtx.openImage(name)));
    writing = (async () => {
      const data = Buffer.alloc(512);
      while (!stopped) {
        data.writeUInt32LE(++turn);
        for (const image of images) await image.write(0, data);
      }
    })();
  });
  afterAll(async () => {
    stopped = true;
    await writing;
    for (const image of images) await image.close();
    await client.close();
  });

  it("its snapshots show one instant", async () => {
    for (let round = 0; round < 5; round++) {
      const before = turn;
      const { snapshots, heldMs } = await createConsistentSnapshots(pools.cluster, {
        snapshots: set(`s${round}`),
      });
      expect(snapshots.map(({ snapshot }) => snapshot.image)).toEqual(names);
      expect(heldMs).toBeGreaterThan(0);
      expect(await isOneInstant(`s${round}`), `round ${round}`).toBe(true);
      expect(await numberAt("a", `s${round}`)).toBeGreaterThanOrEqual(before);
    }
    await expect(createConsistentSnapshots(pools.cluster, { snapshots: set("s0") })).rejects.toMatchObject({
      code: "EXISTS",
    });
    await nothingLeft("none");
  });

  it("snapshots that are taken one after the other do not, which the test above would notice", async () => {
    for (const name of names) await createSnapshot(pools.cluster, `${spec(name)}@plain`);
    expect(await isOneInstant("plain")).toBe(false);
  });

  it("a client that takes long to quiesce holds up the writers of all images", async () => {
    const ioCtx = await pools.native.openPool(pools.pool);
    await using image = await ioCtx.openImage("b");
    const seen: number[] = [];
    await using _watch = await image.watchQuiesce({
      onQuiesce: async () => {
        seen.push(turn);
        await delay(700);
        seen.push(turn);
      },
    });
    await createConsistentSnapshots(pools.cluster, { snapshots: set("slow") });
    expect(await isOneInstant("slow")).toBe(true);
    const [began = 0, ended = 0] = seen;
    expect(ended - began).toBeLessThanOrEqual(2);
  });

  it("makes nothing when one image cannot be held, and lets the writers go on", async () => {
    const image = spec("held");
    await createImage(pools.cluster, image, { size: mib });
    const ioCtx = await pools.native.openPool(pools.pool);
    await using holder = await ioCtx.openImage("held");
    // A client that refuses to hand the lock over.
    await holder.acquireExclusiveLock();
    const snapshots = [...set("half"), { image, name: "half" }];
    await expect(createConsistentSnapshots(pools.cluster, { snapshots })).rejects.toMatchObject({
      code: "READ_ONLY",
    });
    expect(await snapshotsOf("held")).toEqual([]);
    await nothingLeft("half");
    const then = turn;
    await expect.poll(() => turn).toBeGreaterThan(then);
  });
});

describe("freezing and thawing", () => {
  const hooks = (said: string[]) => ({
    freeze: async () => void said.push("freeze"),
    thaw: async () => void said.push("thaw"),
  });

  it("snapshots images without an exclusive lock only while they are frozen", async () => {
    const image = spec("unlocked");
    await createImage(pools.cluster, image, { size: mib, features: featureBits(["layering"]) });
    const snapshots = [...set("frozen"), { image, name: "frozen" }];
    await expect(createConsistentSnapshots(pools.cluster, { snapshots })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      object: image,
    });
    await nothingLeft("frozen");
    const said: string[] = [];
    await createConsistentSnapshots(pools.cluster, { snapshots, ...hooks(said) });
    expect(said).toEqual(["freeze", "thaw"]);
    for (const name of names) expect(await snapshotsOf(name)).toContain("frozen");
  });

  it("thaws when freezing takes too long, fails or is aborted, and makes nothing", async () => {
    const never = () => new Promise<void>(() => {});
    const abort = new AbortController();
    const aborts = () => {
      abort.abort(new Error("enough"));
      return never();
    };
    const said: string[] = [];
    const { thaw } = hooks(said);
    const ways = [
      { freeze: never, freezeLimitMs: 50, code: "TIMED_OUT" },
      { freeze: () => Promise.reject(new Error("no agent")), message: "no agent" },
      { freeze: aborts, signal: abort.signal, message: "enough" },
    ];
    for (const { freeze, freezeLimitMs, signal, ...error } of ways) {
      const made = createConsistentSnapshots(pools.cluster, {
        snapshots: set("failed"),
        freeze,
        thaw,
        freezeLimitMs,
        signal,
      });
      await expect(made).rejects.toMatchObject(error);
      expect(said.splice(0)).toEqual(["thaw"]);
      await nothingLeft("failed");
    }
  });

  it("fails and makes nothing when thawing fails", async () => {
    const { freeze } = hooks([]);
    const thaw = () => Promise.reject(new Error("no agent any more"));
    const made = createConsistentSnapshots(pools.cluster, { snapshots: set("cold"), freeze, thaw });
    await expect(made).rejects.toThrow("no agent any more");
    await nothingLeft("cold");
  });

  it("refuses a set without images, with one twice, or that is not thawed", async () => {
    const refused = [
      { snapshots: [] },
      { snapshots: [...set("x"), ...set("y")] },
      { snapshots: set("x"), freeze: async () => {} },
      { snapshots: set("x"), holdLimitMs: 0 },
    ];
    for (const options of refused) {
      await expect(createConsistentSnapshots(pools.cluster, options)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
    await nothingLeft("x");
  });
});
