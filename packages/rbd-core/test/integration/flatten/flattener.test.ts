import { describe, expect, it } from "vitest";
import { flattenImage } from "../../../src/flatten/flatten-image.ts";
import { flattenRequestNote, pendingFlattens, requestFlatten } from "../../../src/flatten/flatten-request.ts";
import { Flattener } from "../../../src/flatten/flattener.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import { withBrokenCall } from "../../support/break-call.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("flatten");
const { pool } = own;
let count = 0;

const { rbd } = own;

/** Images above one another, the root first; the root has data in every object. */
async function chain(length: number, size = "8M"): Promise<string[]> {
  const name = `${pool}/chain-${count++}`;
  const specs = [`${name}-0`];
  await own.written(`${name}-0`, size, { total: size, size: "1M" });
  for (let depth = 1; depth < length; depth++) {
    await own.protectedSnapshot(`${specs.at(-1)}@s`);
    await rbd("clone", `${specs.at(-1)}@s`, `${name}-${depth}`);
    specs.push(`${name}-${depth}`);
  }
  return specs;
}

async function facts(spec: string): Promise<{ hasParent: boolean; md5: string; marked: boolean }> {
  const info = (await own.witness.json("info", spec)) as { parent?: object };
  const metadata = await rbd("image-meta", "list", spec);
  return {
    hasParent: info.parent !== undefined,
    md5: await own.witness.md5(spec),
    marked: metadata.includes(flattenRequestNote.key),
  };
}

const rows = async () => (await inventory(own.cluster, { pools: [pool] })).rows;

describe("Flattener", () => {
  it("flattens the requested image, reports progress, and leaves no request behind", async () => {
    const [, clone = ""] = await chain(2);
    const before = await facts(clone);
    await using flattener = new Flattener(own.cluster);
    const seen: number[] = [];
    const result = await flattener.flatten(clone, { onProgress: ({ done }) => seen.push(done) });
    expect(result).toMatchObject({ flattened: true });
    expect(seen.length).toBeGreaterThan(0);
    expect(await facts(clone)).toEqual({ hasParent: false, md5: before.md5, marked: false });
  });

  it("does nothing to an image without a parent", async () => {
    const [root = ""] = await chain(1);
    await using flattener = new Flattener(own.cluster);
    expect(await flattener.flatten(root)).toMatchObject({ flattened: false });
    expect((await facts(root)).marked).toBe(false);
  });

  it("resumes after a restart, urgent requests first, without requests that a clone inherited", async () => {
    const [, middle = "", leaf = ""] = await chain(3);
    const [, other = ""] = await chain(2);
    let day = 1;
    const now = () => new Date(Date.UTC(2026, 0, day++));
    await requestFlatten(own.cluster, middle, { now });
    await requestFlatten(own.cluster, other, { urgency: "first", now });
    await rbd("snap", "create", "--no-progress", `${middle}@after`);
    await rbd("snap", "protect", `${middle}@after`);
    await rbd("clone", `${middle}@after`, `${middle}-heir`);
    expect((await facts(`${middle}-heir`)).marked).toBe(true);

    const done = Promise.withResolvers<void>();
    const settled: unknown[] = [];
    await using flattener = new Flattener(own.cluster, {
      onSettled: (image, outcome) => {
        settled.push([image, outcome]);
        if (settled.length === 2) done.resolve();
      },
    });
    const { pending, unreadable } = await flattener.resume(await rows());
    expect(unreadable).toEqual([]);
    expect(pending.map(({ image, urgency }) => [`${pool}/${image.image}`, urgency])).toEqual([
      [other, "first"],
      [middle, "later"],
    ]);
    await done.promise;
    for (const spec of [middle, other])
      expect(await facts(spec)).toMatchObject({ hasParent: false, marked: false });
    expect(await facts(leaf)).toMatchObject({ hasParent: true });
    expect((await pendingFlattens(own.cluster, await rows())).pending).toEqual([]);
  });

  it("stays requested when it is closed half-way, and is finished by the next one", async () => {
    const [, clone = ""] = await chain(2, "64M");
    const before = await facts(clone);
    {
      await using flattener = new Flattener(own.cluster);
      const started = Promise.withResolvers<void>();
      const flattening = flattener.flatten(clone, { onProgress: () => started.resolve() });
      const canceled = expect(flattening).rejects.toMatchObject({ code: "CANCELED" });
      await started.promise;
      await flattener.close();
      await canceled;
    }
    expect(await facts(clone)).toEqual({ hasParent: true, md5: before.md5, marked: true });
    await using next = new Flattener(own.cluster);
    const { pending } = await next.resume(await rows());
    expect(pending).toHaveLength(1);
    await next.flatten(clone);
    expect(await facts(clone)).toEqual({ hasParent: false, md5: before.md5, marked: false });
  });

  it("is withdrawn by a cancel", async () => {
    const [, clone = ""] = await chain(2, "64M");
    await using flattener = new Flattener(own.cluster);
    const started = Promise.withResolvers<void>();
    const flattening = flattener.flatten(clone, { onProgress: () => started.resolve() });
    const canceled = expect(flattening).rejects.toMatchObject({ code: "CANCELED" });
    await started.promise;
    expect(await flattener.cancel(clone)).toBe(true);
    await canceled;
    expect(await facts(clone)).toMatchObject({ hasParent: true, marked: false });
    expect(await flattener.cancel(clone)).toBe(false);
  });

  it("acts on depth as ceph-csi does", async () => {
    const [root = "", one = "", two = "", three = ""] = await chain(4);
    const done = Promise.withResolvers<void>();
    await using flattener = new Flattener(own.cluster, {
      limits: { soft: 2, hard: 3 },
      onSettled: () => done.resolve(),
    });
    expect(await flattener.beforeClone(root)).toMatchObject({ action: "none" });
    expect(await flattener.beforeClone(one)).toMatchObject({ action: "none" });
    expect(await flattener.beforeClone(three)).toMatchObject({ action: "flatten-first" });
    expect(await facts(three)).toMatchObject({ hasParent: false });
    expect(await flattener.beforeClone(two)).toMatchObject({ action: "flatten-later" });
    await done.promise;
    expect(await facts(two)).toMatchObject({ hasParent: false });
  });

  it("takes the depth of the snapshot, and whether flattening the image lowers it", async () => {
    const [, , leaf = ""] = await chain(3);
    await rbd("snap", "create", "--no-progress", `${leaf}@s`);
    await rbd(
      "clone",
      "--rbd-default-clone-format",
      "2",
      "--image-feature",
      "layering",
      `${leaf}@s`,
      `${leaf}-plain`,
    );
    await rbd("snap", "create", "--no-progress", `${leaf}-plain@s`);
    await using flattener = new Flattener(own.cluster, { limits: { soft: 2, hard: 2 } });
    expect(await flattener.evaluate(`${leaf}@s`)).toMatchObject({ action: "flatten-first" });
    expect(await flattener.evaluate(`${leaf}-plain`)).toMatchObject({ action: "flatten-first" });
    expect(await flattener.evaluate(`${leaf}-plain@s`)).toMatchObject({
      action: "none",
      reason: expect.stringContaining("it lacks deep-flatten"),
    });
    expect(await flattener.beforeClone(`${leaf}@s`)).toMatchObject({ action: "flatten-first" });
    expect(await facts(leaf)).toMatchObject({ hasParent: false });
    expect(await flattener.evaluate(`${leaf}@s`)).toMatchObject({ action: "none" });
  });

  it("leaves no request behind when the call that waited at the hard limit is aborted", async () => {
    const [, clone = ""] = await chain(2, "64M");
    const before = await facts(clone);
    await using flattener = new Flattener(own.cluster, { limits: { soft: 1, hard: 1 } });
    const abort = new AbortController();
    const request = { signal: abort.signal, onProgress: () => abort.abort(new Error("enough")) };
    await expect(flattener.beforeClone(clone, request)).rejects.toThrow("enough");
    await flattener.close();
    expect(await facts(clone)).toEqual({ ...before, hasParent: true, marked: false });
  });

  it("names the image of a request that it cannot read", async () => {
    const [, clone = ""] = await chain(2);
    await rbd("image-meta", "set", clone, flattenRequestNote.key, "nonsense");
    const { unreadable } = await pendingFlattens(own.cluster, await rows());
    expect(unreadable).toMatchObject([{ code: "IO", message: expect.stringContaining("nonsense") }]);
    await rbd("image-meta", "remove", clone, flattenRequestNote.key);
  });
});

describe("flattenImage", () => {
  it("loses nothing when any call fails, and the next call finishes it", { timeout: 120_000 }, async () => {
    const [, clone = ""] = await chain(2);
    await requestFlatten(own.cluster, clone);
    const { md5 } = await facts(clone);
    for (let at = 0; ; at++) {
      const { struck, outcome } = await withBrokenCall(own.native, at, false, (cluster) =>
        flattenImage(cluster, clone),
      );
      if (struck === undefined) break;
      expect(outcome.error, struck).toMatchObject({ code: "IO" });
      expect(await facts(clone), struck).toMatchObject({ md5, marked: true });
    }
    expect(await facts(clone)).toEqual({ hasParent: false, md5, marked: false });
  });

  it.each([
    ["no such image", "nothing", "NOT_FOUND"],
    ["a snapshot", "x@s", "INVALID_NAME"],
  ])("refuses %s", async (_, name, code) => {
    await expect(flattenImage(own.cluster, `${pool}/${name}`)).rejects.toMatchObject({ code });
  });
});
