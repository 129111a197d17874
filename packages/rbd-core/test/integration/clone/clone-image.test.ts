import { Cluster as NativeCluster, RbdError } from "rbd-native";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { cloneImage, planClone } from "../../../src/clone/clone-image.ts";
import { createNamespace } from "../../../src/cluster/cluster.ts";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { featureBits } from "../../../src/image/features.ts";
import { openImage } from "../../../src/image/image.ts";
import { createSnapshot } from "../../../src/image/snapshots.ts";
import { faultyCluster, meddledCluster } from "../../support/break-call.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { imageWithHistory, mib, write } from "../../support/fill.ts";
import { type OwnPool, ownPool } from "../../support/own-pool.ts";
import type { Info } from "../../support/witness.ts";

let own: OwnPool;
let pool: string;
let other: string;

beforeAll(async () => {
  own = await ownPool("clone");
  pool = own.pool;
  other = `${pool}-other`;
  await own.cluster.createPool(other);
  await createNamespace(own.cluster, pool, "tenant");
  await createNamespace(own.cluster, other, "tenant");
});

afterAll(async () => {
  for (const name of [pool, other]) await own?.cluster.deletePool(name);
  await own?.[Symbol.asyncDispose]();
});

const info = async (spec: string) => (await own.witness.json("info", spec)) as Info;
const snapshots = async (spec: string) =>
  (await own.witness.json("snap", "ls", "--all", spec)) as { name: string; protected: string }[];
const children = async (spec: string) =>
  (await own.witness.json("children", "--all", spec)) as {
    pool: string;
    pool_namespace: string;
    image: string;
  }[];
const names = (list: readonly { name: string }[]) => list.map((each) => each.name);

async function refusal(action: Promise<unknown>): Promise<CoppiceError> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CoppiceError) return error;
  throw error ?? new Error("nothing was refused");
}

/** The clone is what `rbd` thinks a clone of the source should be, byte for byte. */
async function expectClone(source: string, target: string, snapshot: string) {
  const [parent, clone] = await Promise.all([info(source), info(target)]);
  const implied = new Set(["operations", "data-pool"]);
  const plain = (features: string[]) => features.filter((feature) => !implied.has(feature)).sort();
  expect(plain(clone.features)).toEqual(plain(parent.features));
  expect(clone.object_size).toBe(parent.object_size);
  expect([clone.stripe_unit, clone.stripe_count]).toEqual([parent.stripe_unit, parent.stripe_count]);
  expect(clone.parent?.snapshot).toBe(snapshot);
  expect(clone.parent?.id).toBe(parent.id);
  expect(await own.witness.md5(target)).toBe(await own.witness.md5(`${source}@${snapshot}`));
}

describe("the snapshot of a clone", () => {
  it("is created once for two clones of an unchanged image", async () => {
    const source = `${pool}/unchanged`;
    await imageWithHistory(own.cluster, source, []);
    const first = await cloneImage(own.cluster, { source, target: `${pool}/unchanged-1` });
    expect(first).toMatchObject({
      reused: false,
      created: { snapshot: true, protection: true },
      cloneFormat: 1,
      depth: 1,
    });
    expect(first.snapshot.name).toMatch(/^coppice-\d{8}T\d{6}Z-[0-9a-f]{8}$/);
    expect(first.snapshot.reason).toBe("the source has no snapshot");
    const second = await cloneImage(own.cluster, { source, target: `${pool}/unchanged-2` });
    expect(second).toMatchObject({
      reused: true,
      snapshot: { ...first.snapshot, reason: "it holds exactly the current state" },
      created: { snapshot: false, protection: false },
    });
    expect(names(await snapshots(source))).toEqual([first.snapshot.name]);
    expect((await children(`${source}@${first.snapshot.name}`)).map((each) => each.image).sort()).toEqual([
      "unchanged-1",
      "unchanged-2",
    ]);
    await expectClone(source, `${pool}/unchanged-1`, first.snapshot.name);
    expect(await own.witness.md5(`${pool}/unchanged-2`)).toBe(await own.witness.md5(source));
  });

  it("is the newest that holds the current state, though older ones differ", async () => {
    const source = `${pool}/older-differ`;
    await imageWithHistory(own.cluster, source, ["monday", "tuesday", "wednesday=", "thursday="]);
    const result = await cloneImage(own.cluster, { source, target: `${pool}/older-differ-1` });
    expect(result).toMatchObject({ reused: true, snapshot: { name: "thursday" } });
    expect(names(await snapshots(source))).toEqual(["monday", "tuesday", "wednesday", "thursday"]);
    await expectClone(source, `${pool}/older-differ-1`, "thursday");
    expect(await own.witness.md5(`${pool}/older-differ-1`)).toBe(await own.witness.md5(source));
  });

  it("is new when all snapshots differ, without object maps too", async () => {
    for (const [name, features] of [
      ["all-differ", featureBits(["layering", "exclusive-lock", "object-map", "fast-diff"])],
      ["all-differ-plain", featureBits(["layering"])],
    ] as const) {
      const source = `${pool}/${name}`;
      await imageWithHistory(own.cluster, source, ["monday", "tuesday"], { features });
      const result = await cloneImage(own.cluster, { source, target: `${source}-1` });
      expect(result).toMatchObject({ reused: false, created: { snapshot: true } });
      expect(result.snapshot.reason).toBe("the source was written to since its newest snapshot");
      await expectClone(source, `${source}-1`, result.snapshot.name);
      expect(await own.witness.md5(`${source}-1`)).toBe(await own.witness.md5(source));
      const again = await cloneImage(own.cluster, { source, target: `${source}-2` });
      expect(again).toMatchObject({ reused: true, snapshot: { name: result.snapshot.name } });
    }
  });

  it("is an older one again when what was written since has been discarded", async () => {
    const source = `${pool}/discarded`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    await write(own.cluster, source, 8 * mib, 4 * mib, 7);
    await createSnapshot(own.cluster, `${source}@tuesday`);
    {
      await using image = await openImage(own.cluster, source);
      await image.discard(8 * mib, 4 * mib);
      await image.flush();
    }
    const result = await cloneImage(own.cluster, { source, target: `${source}-1` });
    expect(result).toMatchObject({ reused: true, snapshot: { name: "monday" } });
    expect(await own.witness.md5(`${source}-1`)).toBe(await own.witness.md5(source));
  });

  it("is never one of another size", async () => {
    const source = `${pool}/resized`;
    await imageWithHistory(own.cluster, source, ["small="]);
    {
      await using image = await openImage(own.cluster, source);
      await image.resize(32 * mib);
    }
    const result = await cloneImage(own.cluster, { source, target: `${source}-1` });
    expect(result).toMatchObject({ reused: false, size: 32 * mib });
    expect(result.snapshot.reason).toBe("the source was resized since its snapshots");
    expect((await info(`${source}-1`)).size).toBe(32 * mib);
  });

  it("is not one from before the source was flattened and emptied", async () => {
    const base = `${pool}/overlap-base`;
    await imageWithHistory(own.cluster, base, [], {
      features: featureBits(["layering", "exclusive-lock", "object-map", "fast-diff"]),
    });
    const source = `${pool}/overlap`;
    await cloneImage(own.cluster, { source: base, target: source });
    await createSnapshot(own.cluster, `${source}@whole`);
    {
      await using image = await openImage(own.cluster, source);
      await image.flatten();
      await image.discard(0, 16 * mib);
      await image.flush();
    }
    const result = await cloneImage(own.cluster, { source, target: `${source}-1` });
    expect(result).toMatchObject({ reused: false, depth: 1 });
    const md5 = await own.witness.md5(`${source}-1`);
    expect(md5).toBe(await own.witness.md5(source));
    expect(md5).not.toBe(await own.witness.md5(`${source}@whole`));
  });

  it("follows the source when that was shrunk and grown back", async () => {
    const base = `${pool}/shrunk-base`;
    await imageWithHistory(own.cluster, base, []);
    await write(own.cluster, base, 12 * mib, mib, 9);
    const source = `${pool}/shrunk`;
    await cloneImage(own.cluster, { source: base, target: source });
    await createSnapshot(own.cluster, `${source}@whole`);
    {
      await using image = await openImage(own.cluster, source);
      await image.resize(8 * mib, { allowShrink: true });
      await image.resize(16 * mib);
    }
    const result = await cloneImage(own.cluster, { source, target: `${source}-1` });
    expect(result).toMatchObject({ reused: false, depth: 2 });
    const md5 = await own.witness.md5(`${source}-1`);
    expect(md5).toBe(await own.witness.md5(source));
    expect(md5).not.toBe(await own.witness.md5(`${source}@whole`));
  });

  it("is compared byte by byte when the object map is invalid", async () => {
    const source = `${pool}/invalid-map`;
    await imageWithHistory(own.cluster, source, ["monday", "tuesday="]);
    // As after a crash that Ceph noticed: the flag says not to trust the map.
    const { id } = await info(source);
    const flags = Buffer.alloc(8);
    flags.writeBigUInt64LE(3n);
    await own.witness.setOmap(pool, `rbd_header.${id}`, "flags", flags);
    expect((await info(source)).flags).toEqual(["object map invalid", "fast diff invalid"]);
    const result = await cloneImage(own.cluster, { source, target: `${source}-1` });
    expect(result).toMatchObject({ reused: true, snapshot: { name: "tuesday" } });
    expect(await own.witness.md5(`${source}-1`)).toBe(await own.witness.md5(source));
  });

  it("is the one that was asked for, whatever the current state", async () => {
    const source = `${pool}/asked`;
    await imageWithHistory(own.cluster, source, ["monday", "tuesday"]);
    const result = await cloneImage(own.cluster, { source: `${source}@monday`, target: `${source}-1` });
    expect(result).toMatchObject({
      reused: true,
      snapshot: { name: "monday", reason: "it was asked for" },
      created: { snapshot: false, protection: true },
    });
    await expectClone(source, `${source}-1`, "monday");
  });

  it("gets the name it was given", async () => {
    const source = `${pool}/named`;
    await imageWithHistory(own.cluster, source, ["monday"]);
    const taken = { source, target: `${source}-1`, snapshotName: "monday" };
    expect(await refusal(cloneImage(own.cluster, taken))).toMatchObject({
      code: "EXISTS",
      object: `${source}@monday`,
    });
    const result = await cloneImage(own.cluster, { source, target: `${source}-1`, snapshotName: "mine" });
    expect(result).toMatchObject({ reused: false, snapshot: { name: "mine" } });
  });
});

describe("formats and places", () => {
  it("protects for clone format 1 only", async () => {
    const source = `${pool}/formats`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const second = await cloneImage(own.cluster, { source, target: `${source}-v2`, cloneFormat: 2 });
    expect(second).toMatchObject({ cloneFormat: 2, created: { snapshot: false, protection: false } });
    expect(await snapshots(source)).toMatchObject([{ name: "monday", protected: "false" }]);
    const first = await cloneImage(own.cluster, { source, target: `${source}-v1`, cloneFormat: 1 });
    expect(first).toMatchObject({ cloneFormat: 1, created: { snapshot: false, protection: true } });
    expect(await snapshots(source)).toMatchObject([{ name: "monday", protected: "true" }]);
    expect((await info(`${source}-v2`)).op_features).toEqual(["clone-child"]);
    expect((await info(`${source}-v1`)).op_features).toEqual([]);
    await expectClone(source, `${source}-v1`, "monday");
    await expectClone(source, `${source}-v2`, "monday");
  });

  it("chooses the format the target's pool is configured to", async () => {
    const source = `${pool}/configured`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    await own.witness.rbd("config", "pool", "set", other, "rbd_default_clone_format", "2");
    try {
      const plan = await planClone(own.cluster, { source, target: `${other}/configured-1` });
      expect(plan).toMatchObject({ cloneFormat: 2, protect: false });
      expect(plan.cloneFormatReason).toBe("rbd_default_clone_format is 2");
      await cloneImage(own.cluster, { source, target: `${other}/configured-1` });
    } finally {
      await own.witness.rbd("config", "pool", "rm", other, "rbd_default_clone_format");
    }
    expect(await snapshots(source)).toMatchObject([{ name: "monday", protected: "false" }]);
  });

  it("asks the cluster once which clients it admits, not for every clone", async () => {
    const source = `${pool}/asked-once`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    await using native = await NativeCluster.connect({ conf: inject("cephConf") });
    const { cluster, calls } = faultyCluster(native, null);
    for (const index of [1, 2, 3]) await cloneImage(cluster, { source, target: `${source}-${index}` });
    expect(calls.filter((call) => call === "monCommand")).toHaveLength(1);
    // A failure is not an answer.
    const lost = new RbdError({ code: "IO", errno: 5, call: "monCommand", object: "", detail: "lost" });
    const once = meddledCluster(native, { monCommand: () => Promise.reject(lost) });
    const again = { source, target: `${source}-4` };
    expect(await refusal(cloneImage(once, again))).toMatchObject({ code: "IO", object: "osd dump" });
    expect(await cloneImage(once, again)).toMatchObject({ cloneFormat: 1 });
  });

  it("clones into another pool", async () => {
    const source = `${pool}/other-pool`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    await cloneImage(own.cluster, { source, target: `${other}/other-pool-1` });
    await expectClone(source, `${other}/other-pool-1`, "monday");
    expect((await info(`${other}/other-pool-1`)).parent?.pool).toBe(pool);
  });

  it("clones into another namespace with format 2, and says why not with format 1", async () => {
    const source = `${pool}/namespaces`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const target = `${other}/tenant/namespaces-1`;
    expect(await refusal(cloneImage(own.cluster, { source, target }))).toMatchObject({ code: "UNSUPPORTED" });
    expect(await snapshots(source)).toMatchObject([{ name: "monday", protected: "false" }]);
    await cloneImage(own.cluster, { source, target, cloneFormat: 2 });
    await expectClone(source, target, "monday");
    // Within one namespace either format will do.
    const back = await cloneImage(own.cluster, { source: target, target: `${target}-1`, cloneFormat: 1 });
    expect(back).toMatchObject({ depth: 2, cloneFormat: 1 });
  });

  it("gives the clone its parent's stripe, object size and data pool, or others", async () => {
    const source = `${pool}/layout`;
    await imageWithHistory(own.cluster, source, ["monday="], {
      objectSize: 8 * mib,
      stripeUnit: 64 * 1024,
      stripeCount: 4,
      dataPool: other,
    });
    await cloneImage(own.cluster, { source, target: `${source}-1` });
    await expectClone(source, `${source}-1`, "monday");
    expect((await info(`${source}-1`)).data_pool).toBe(other);
    await cloneImage(own.cluster, {
      source,
      target: `${source}-2`,
      objectSize: mib,
      stripeUnit: mib,
      stripeCount: 1,
      dataPool: null,
    });
    const changed = await info(`${source}-2`);
    expect([changed.object_size, changed.stripe_unit, changed.data_pool]).toEqual([
      mib,
      undefined,
      undefined,
    ]);
    expect(await own.witness.md5(`${source}-2`)).toBe(await own.witness.md5(source));
  });

  it("gives the clone other features than its parent's", async () => {
    const source = `${pool}/features`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const names = ["layering", "exclusive-lock"] as const;
    await cloneImage(own.cluster, { source, target: `${source}-1`, features: featureBits(names) });
    expect((await info(`${source}-1`)).features).toEqual(names);
    expect(await own.witness.md5(`${source}-1`)).toBe(await own.witness.md5(source));
    const impossible = { source, target: `${source}-2`, features: featureBits(["layering", "fast-diff"]) };
    expect(await refusal(cloneImage(own.cluster, impossible))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("counts how deep the clone is, through other pools", async () => {
    await imageWithHistory(own.cluster, `${pool}/deep-0`, []);
    for (let depth = 1; depth <= 4; depth++) {
      const from = depth % 2 === 0 ? other : pool;
      const to = depth % 2 === 0 ? pool : other;
      const result = await cloneImage(own.cluster, {
        source: `${from}/deep-${depth - 1}`,
        target: `${to}/deep-${depth}`,
      });
      expect(result.depth).toBe(depth);
    }
  });
});

describe("size and depth", () => {
  it("enlarges the clone at once, and says so before", async () => {
    const source = `${pool}/enlarged`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const options = { source, target: `${source}-1`, size: 40 * mib };
    const plan = await planClone(own.cluster, options);
    expect(plan).toMatchObject({ sourceSize: 16 * mib, size: 40 * mib, flatten: false, depth: 1 });
    const result = await cloneImage(own.cluster, options);
    expect(result).toMatchObject({ sourceSize: 16 * mib, size: 40 * mib, flattened: false, reused: true });
    expect(await info(options.target)).toMatchObject({
      id: result.id,
      size: 40 * mib,
      parent: { overlap: 16 * mib, snapshot: "monday" },
    });
  });

  it("ends where clone, flatten and resize as commands end, and leaves the source as it was", async () => {
    const source = `${pool}/limit`;
    await imageWithHistory(own.cluster, source, ["monday"]);
    const before = await own.witness.json("snap", "ls", "--all", source);
    const options = {
      source,
      target: `${source}-ours`,
      size: 40 * mib,
      maxDepth: 0,
      cloneFormat: 1,
    } as const;
    expect(await planClone(own.cluster, options)).toMatchObject({
      flatten: true,
      flattenReason: "a depth of 0 asks for a full copy",
      depth: 0,
      size: 40 * mib,
    });
    const result = await cloneImage(own.cluster, options);
    expect(result).toMatchObject({
      flattened: true,
      depth: 0,
      reused: false,
      created: { snapshot: false, protection: false },
    });
    expect(await own.witness.json("snap", "ls", "--all", source)).toEqual(before);
    const theirs = `${source}-theirs`;
    await own.witness.rbd("snap", "create", "--no-progress", `${source}@t`);
    await own.witness.rbd("snap", "protect", `${source}@t`);
    await own.witness.rbd("clone", `${source}@t`, theirs);
    await own.witness.rbd("flatten", "--no-progress", theirs);
    await own.witness.rbd("resize", "--no-progress", "--size", "40M", theirs);
    await own.witness.rbd("snap", "unprotect", `${source}@t`);
    await own.witness.rbd("snap", "rm", "--no-progress", `${source}@t`);
    await expectAlike(own.witness, options.target, theirs);
  });

  it("flattens only a clone that would be deeper than allowed", async () => {
    const base = `${pool}/steps`;
    await imageWithHistory(own.cluster, base, []);
    const first = await cloneImage(own.cluster, { source: base, target: `${base}-1`, maxDepth: 1 });
    expect(first).toMatchObject({ flattened: false, depth: 1 });
    const second = await cloneImage(own.cluster, { source: `${base}-1`, target: `${base}-2`, maxDepth: 1 });
    expect(second).toMatchObject({
      flattened: true,
      flattenReason: "it would have 2 images above it, and at most 1 are allowed",
      depth: 0,
    });
    expect((await info(`${base}-2`)).parent).toBeUndefined();
    expect(names(await snapshots(`${base}-1`))).toEqual([]);
    expect(await own.witness.md5(`${base}-2`)).toBe(await own.witness.md5(base));
  });
});

describe("refusals, before anything is changed", () => {
  it.each([
    ["a size below the source's", { size: 8 * mib }],
    ["a size that is none", { size: Number.NaN }],
    ["a depth that is none", { maxDepth: -1 }],
  ])("refuses %s", async (_, wrong) => {
    const source = `${pool}/shape-${crypto.randomUUID()}`;
    await imageWithHistory(own.cluster, source, ["monday"]);
    const options = { source, target: `${source}-1`, ...wrong };
    for (const action of [planClone, cloneImage]) {
      expect(await refusal(action(own.cluster, options))).toMatchObject({
        code: "INVALID_ARGUMENT",
        object: `${source}-1`,
      });
    }
    expect(names(await snapshots(source))).toEqual(["monday"]);
    await expect(info(`${source}-1`)).rejects.toThrow();
  });

  it("refuses format 1 as unsupported", async () => {
    const source = `${pool}/format-1`;
    await own.witness.rbd("create", "--image-format", "1", "--size", "8M", source);
    const error = await refusal(cloneImage(own.cluster, { source, target: `${source}-1` }));
    expect(error).toMatchObject({ code: "UNSUPPORTED", object: source });
    expect(error.message).toContain("cloning an image of format 1 is unsupported");
    expect(await snapshots(source)).toEqual([]);
  });

  it("refuses a target that exists, and names that do not", async () => {
    const source = `${pool}/refusals`;
    await imageWithHistory(own.cluster, source, ["monday"]);
    await imageWithHistory(own.cluster, `${source}-taken`, []);
    const refused = async (from: string, to: string) => {
      const { code, object } = await refusal(cloneImage(own.cluster, { source: from, target: to }));
      return [code, object];
    };
    const target = `${source}-1`;
    await own.witness.rbd("create", "--image-format", "1", "--size", "8M", `${source}-old`);
    expect(await refused(source, `${source}-old`)).toEqual(["EXISTS", `${source}-old`]);
    expect(await refused(source, `${source}-taken`)).toEqual(["EXISTS", `${source}-taken`]);
    expect(await refused(source, source)).toEqual(["EXISTS", source]);
    expect(await refused(`${pool}/none`, target)).toEqual(["NOT_FOUND", `${pool}/none`]);
    expect(await refused(`${source}@none`, target)).toEqual(["NOT_FOUND", `${source}@none`]);
    expect(await refused("no-such-pool/x", target)).toEqual(["NOT_FOUND", "no-such-pool"]);
    expect(await refused(source, "no-such-pool/x")).toEqual(["NOT_FOUND", "no-such-pool"]);
    expect(await refused(source, `${pool}/no-such-ns/x`)).toEqual(["NOT_FOUND", `${pool}/no-such-ns`]);
    expect(await refused(source, `${target}@snap`)).toEqual(["INVALID_NAME", `${target}@snap`]);
    expect(await refused("vm-1", target)).toEqual(["INVALID_NAME", "vm-1"]);
    expect(await snapshots(source)).toMatchObject([{ name: "monday", protected: "false" }]);
  });

  it("plans without changing anything", async () => {
    const source = `${pool}/planned`;
    await imageWithHistory(own.cluster, source, ["monday"]);
    const plan = await planClone(own.cluster, { source, target: `${source}-1` });
    expect(plan).toMatchObject({
      snapshot: { action: "create", id: null },
      protect: true,
      depth: 1,
      size: 16 * mib,
      warnings: [],
    });
    expect(names(await snapshots(source))).toEqual(["monday"]);
    const reuse = await planClone(own.cluster, { source: `${source}@monday`, target: `${source}-1` });
    expect(reuse.snapshot).toMatchObject({ action: "reuse", name: "monday" });
    await expect(info(`${source}-1`)).rejects.toThrow();
  });
});
