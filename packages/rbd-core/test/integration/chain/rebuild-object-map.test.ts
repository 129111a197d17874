import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type RebuildProgress, rebuildObjectMap } from "../../../src/chain/rebuild-object-map.ts";
import { snapshotChain } from "../../../src/chain/snapshot-chain.ts";
import { objectMapObject } from "../../../src/headers/object-names.ts";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { useCliPool } from "../../support/use-cli-pool.ts";

const own = useCliPool("rebuild");
const { cli, pool } = own;
const mebibyte = 2 ** 20;
const lockOnly = featureBits(["layering", "exclusive-lock"]);
const mapFeatures = featureBits(["object-map", "fast-diff"]);

/**
 * An image whose maps came after its history: librbd marks them all as invalid until they are rebuilt, and they are
 * wrong, since they say that there is no data.
 */
async function distrustedImage(name: string, size = 8): Promise<string> {
  const spec = `${pool}/${name}`;
  await createImage(own.cluster, spec, { size: size * mebibyte, objectSize: mebibyte, features: lockOnly });
  await using image = await openImage(own.cluster, spec);
  await image.write(0, Buffer.alloc(3 * mebibyte, 1));
  await image.createSnapshot("s0");
  await image.write(2 * mebibyte, Buffer.alloc(2 * mebibyte, 2));
  await image.createSnapshot("s1");
  await image.writeZeroes(0, mebibyte);
  await image.updateFeatures(mapFeatures, true);
  return spec;
}

const owns = async (spec: string) => {
  const { points, objectMaps } = await snapshotChain(own.cluster, spec);
  return { state: objectMaps.state, own: points.map(({ own }) => own && own.bytes / mebibyte) };
};

async function loseMap(spec: string, snapshot: string): Promise<void> {
  await using image = await openImage(own.cluster, spec, { readOnly: true });
  const id = (await image.listSnapshots()).find(({ name }) => name === snapshot)?.id;
  const { objects } = await own.cluster.pool(pool);
  await objects.remove(objectMapObject(image.id, id));
}

/** What Ceph itself finds wrong with the maps. */
async function checkedByRbd(spec: string): Promise<void> {
  for (const point of [`${spec}@s0`, `${spec}@s1`, spec]) {
    await cli.rbd("object-map", "check", "--no-progress", point);
  }
  expect((await cli.rbdJson<{ flags: string[] }>("info", spec)).flags).toEqual([]);
}

describe("rebuildObjectMap", () => {
  it("rebuilds the maps of all snapshots and of HEAD that are marked as invalid, with progress", async () => {
    const spec = await distrustedImage("all");
    expect(await owns(spec)).toEqual({ state: "invalid", own: [null, null, null] });
    const seen: RebuildProgress[] = [];
    const result = await rebuildObjectMap(own.cluster, spec, {
      onProgress: (progress) => void seen.push(progress),
    });
    expect(result).toEqual({ spec, rebuilt: ["s0", "s1", null] });
    expect(await owns(spec)).toEqual({ state: "valid", own: [3, 2, 0] });
    await checkedByRbd(spec);
    expect([...new Set(seen.map(({ point }) => point))]).toEqual(["s0", "s1", null]);
    expect(seen.every(({ done, total, maps }) => done <= total && maps.total === 3)).toBe(true);
    expect(await cli.rbdJson("status", spec)).toMatchObject({ watchers: [] });
    // Nothing is left to do.
    expect(await rebuildObjectMap(own.cluster, spec)).toEqual({ spec, rebuilt: [] });
  });

  it("rebuilds only the maps that need it, and those that are missing or damaged too", async () => {
    const spec = await distrustedImage("some");
    await rebuildObjectMap(own.cluster, spec);
    const { id } = await cli.rbdJson<{ id: string }>("info", spec);
    await loseMap(spec, "s0");
    const { objects } = await own.cluster.pool(pool);
    await objects.writeFull(`rbd_object_map.${id}`, "not a map");
    expect((await owns(spec)).state).toBe("unreadable");
    expect((await rebuildObjectMap(own.cluster, { pool, namespace: "", id })).rebuilt).toEqual(["s0", null]);
    // What librbd cannot exclude at HEAD, where somebody may be writing, counts as there: never too little.
    expect(await owns(spec)).toEqual({ state: "valid", own: [3, 2, 5] });
    await checkedByRbd(spec);
  });

  it("works while another client has the image open for writing", async () => {
    const spec = await distrustedImage("used");
    await using user = await openImage(own.cluster, spec);
    await user.write(7 * mebibyte, Buffer.alloc(4096, 9));
    expect((await rebuildObjectMap(own.cluster, spec)).rebuilt).toEqual(["s0", "s1", null]);
    await user.write(6 * mebibyte, Buffer.alloc(4096, 9));
    expect(await owns(spec)).toEqual({ state: "valid", own: [3, 2, 2] });
  });

  it("works while another client does not let go of the lock", async () => {
    const spec = await distrustedImage("locked");
    await using holder = await openImage(own.cluster, spec);
    await holder.acquireExclusiveLock();
    expect((await rebuildObjectMap(own.cluster, spec)).rebuilt).toEqual(["s0", "s1", null]);
    expect(await owns(spec)).toEqual({ state: "valid", own: [3, 2, 0] });
    expect(await holder.isExclusiveLockOwner()).toBe(true);
  });

  it("does not take librbd's word: a map that is lost again meanwhile is an error that says which", async () => {
    const spec = await distrustedImage("lost", 4096);
    let lost: Promise<void> | undefined;
    const work = rebuildObjectMap(own.cluster, spec, {
      onProgress: ({ point }) => {
        // The map of s0 is done by now, and HEAD has thousands of objects to look at.
        if (point === null) lost ??= loseMap(spec, "s0");
      },
    });
    await expect(work).rejects.toMatchObject({
      code: "BUSY",
      object: spec,
      message: expect.stringContaining("unreadable again at the snapshot s0"),
    });
    await lost;
    expect((await rebuildObjectMap(own.cluster, spec)).rebuilt).toEqual(["s0"]);
    await checkedByRbd(spec);
  });

  it("leaves the rest as it was when it is aborted, and goes on from there", async () => {
    const spec = await distrustedImage("aborted", 4096);
    const controller = new AbortController();
    const reason = new Error("enough");
    const work = rebuildObjectMap(own.cluster, spec, {
      signal: controller.signal,
      onProgress: ({ point }) => {
        if (point === "s1") controller.abort(reason);
      },
    });
    await expect(work).rejects.toBe(reason);
    expect((await snapshotChain(own.cluster, spec)).objectMaps).toMatchObject({ state: "invalid" });
    const rest = await rebuildObjectMap(own.cluster, spec);
    expect(rest.rebuilt.at(-1)).toBeNull();
    expect(rest.rebuilt).not.toContain("s0");
    await checkedByRbd(spec);
  });

  it("goes on where a process died", async () => {
    const spec = await distrustedImage("killed", 4096);
    const child = fork(join(import.meta.dirname, "children/rebuild.ts"), [cli.conf, spec]);
    const ended = once(child, "exit");
    child.on("message", (point) => {
      if (point === null) child.kill("SIGKILL");
    });
    expect(await ended).toEqual([null, "SIGKILL"]);
    // What was done is trusted; what was not is still marked. The next waits until Ceph has given the dead client up.
    expect((await snapshotChain(own.cluster, spec)).objectMaps).toMatchObject({
      state: "invalid",
      points: [null],
    });
    expect((await rebuildObjectMap(own.cluster, spec)).rebuilt).toEqual([null]);
    expect(await owns(spec)).toEqual({ state: "valid", own: [3, 2, 0] });
    await checkedByRbd(spec);
  }, 120_000);

  it("refuses an image without object maps, and one that is not there", async () => {
    const spec = `${pool}/plain`;
    await createImage(own.cluster, spec, { size: mebibyte, features: lockOnly });
    await expect(rebuildObjectMap(own.cluster, spec)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      hint: expect.stringContaining("Enable"),
    });
    await expect(rebuildObjectMap(own.cluster, `${pool}/none`)).rejects.toMatchObject({ code: "NOT_FOUND" });
    const signal = AbortSignal.abort(new Error("no"));
    await expect(rebuildObjectMap(own.cluster, spec, { signal })).rejects.toThrow("no");
  });
});
