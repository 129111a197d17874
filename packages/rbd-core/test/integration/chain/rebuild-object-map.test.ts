import { describe, expect, it } from "vitest";
import { type RebuildProgress, rebuildObjectMap } from "../../../src/chain/rebuild-object-map.ts";
import { snapshotChain } from "../../../src/chain/snapshot-chain.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { useCliPool } from "../../support/use-cli-pool.ts";
import { invalidMaps, lockOnly, mebibyte } from "./invalid-maps.ts";

const own = useCliPool("rebuild");
const { cli, pool } = own;
const { distrustedImage, owns, loseMap, checkedByRbd } = invalidMaps(own);

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
