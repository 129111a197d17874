import { describe, expect, it } from "vitest";
import { deleteVolume, planDeleteVolume } from "../../../src/volume/delete-volume.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("delete");
const { pool } = own;
let count = 0;

const { look, rbd } = own;

/** A volume with data, a snapshot `s` and clones of the two formats. */
async function volume(clones: readonly (1 | 2)[] = []): Promise<string> {
  const bench = { total: "512K", size: "64K", pattern: "rand" } as const;
  const spec = await own.written(`${pool}/volume-${count++}`, "4M", bench);
  if (clones.length > 0) await own.protectedSnapshot(`${spec}@s`);
  for (const format of clones) {
    await rbd("clone", "--rbd-default-clone-format", `${format}`, `${spec}@s`, `${spec}-clone-${format}`);
  }
  return spec;
}

const removed = async (spec: string) =>
  !((await own.witness.json("ls", pool)) as string[]).includes(spec.slice(pool.length + 1));

describe("deleteVolume", () => {
  it("removes one that nothing depends on", async () => {
    const before = await look();
    const spec = await volume();
    expect(await deleteVolume(own.cluster, { volume: spec })).toMatchObject({ outcome: "removed", kept: [] });
    expect(await look()).toEqual(before);
  });

  it("refuses one with clones, and names them, unless told otherwise", async () => {
    const spec = await volume([1, 2]);
    const before = await look();
    await expect(deleteVolume(own.cluster, { volume: spec, snapshots: "all" })).rejects.toMatchObject({
      code: "BUSY",
      message: expect.stringMatching(/2 clones read from .*-clone-[12] .*-clone-[12] /),
    });
    expect(await look()).toEqual(before);
  });

  it("refuses one with snapshots whose removal was not allowed, even when its clones could be flattened", async () => {
    const spec = await volume([1]);
    const before = await look();
    const deleting = deleteVolume(own.cluster, { volume: spec, dependants: "flatten" });
    await expect(deleting).rejects.toMatchObject({
      code: "NOT_EMPTY",
      message: expect.stringContaining("(@s)"),
    });
    expect(await look()).toEqual(before);
  });

  it.each([1, 2] as const)(
    "keeps a clone of format %i alive from the trash, under its own name",
    async (format) => {
      const spec = await volume([format]);
      const clone = `${spec}-clone-${format}`;
      const [content, { id }] = [
        await own.witness.md5(clone),
        (await own.witness.json("info", spec)) as { id: string },
      ];
      const result = await deleteVolume(own.cluster, { volume: spec, dependants: "keep" });
      expect(result).toMatchObject({ outcome: "trashed", id, kept: [{ snapshot: "s", inTrash: false }] });
      expect(await removed(spec)).toBe(true);
      expect(await own.witness.json("info", clone)).toMatchObject({ parent: { id, trash: true } });
      expect(await own.witness.md5(clone)).toBe(content);
      await rbd("trash", "restore", `${pool}/${id}`);
      expect(await own.witness.json("info", spec)).toMatchObject({ id });
    },
  );

  it("flattens clones first, also one in the trash, and then removes the volume", async () => {
    const spec = await volume([1, 2]);
    const [a, b] = [`${spec}-clone-1`, `${spec}-clone-2`];
    const content = await own.witness.md5(a);
    const { id } = (await own.witness.json("info", b)) as { id: string };
    await rbd("trash", "mv", b);
    const phases: string[] = [];
    const options = { volume: spec, dependants: "flatten", snapshots: ["s"] } as const;
    const plan = await planDeleteVolume(own.cluster, options);
    const result = await deleteVolume(own.cluster, {
      ...options,
      onProgress: ({ phase, step }) => {
        phases[step - 1] = phase;
      },
    });
    expect(phases).toEqual(["flatten", "flatten", "trash", "remove"]);
    expect(plan.phases).toEqual(phases);
    expect(result.flattened.map(({ image }) => image).toSorted()).toEqual(
      [a, b].map((each) => each.slice(pool.length + 1)),
    );
    await rbd("trash", "restore", `${pool}/${id}`);
    for (const clone of [a, b]) {
      expect(await own.witness.json("info", clone)).not.toHaveProperty("parent");
      expect(await own.witness.md5(clone)).toBe(content);
    }
    expect(await removed(spec)).toBe(true);
    expect(JSON.stringify(await own.witness.json("trash", "ls", pool))).not.toContain(
      spec.slice(pool.length + 1),
    );
  });

  it("keeps the volume when a clone's own snapshots still need it", async () => {
    const spec = await volume();
    await rbd("snap", "create", "--no-progress", `${spec}@s`);
    await rbd("snap", "protect", `${spec}@s`);
    const clone = `${spec}-clone`;
    await rbd("clone", "--image-feature", "layering", `${spec}@s`, clone);
    await rbd("snap", "create", "--no-progress", `${clone}@mine`);
    const content = await own.witness.md5(`${clone}@mine`);
    const deleting = deleteVolume(own.cluster, { volume: spec, dependants: "flatten", snapshots: "all" });
    await expect(deleting).rejects.toMatchObject({ code: "BUSY" });
    expect(await removed(spec)).toBe(false);
    expect(await own.witness.md5(`${clone}@mine`)).toBe(content);
  });

  it("is restored when it is aborted before anything was destroyed", async () => {
    const spec = await volume();
    const before = await look();
    const abort = new AbortController();
    const deleting = deleteVolume(own.cluster, {
      volume: spec,
      signal: abort.signal,
      onProgress: ({ phase, done }) => {
        if (phase === "trash" && done === 1) abort.abort(new Error("enough"));
      },
    });
    await expect(deleting).rejects.toThrow("enough");
    expect(await look()).toEqual(before);
  });
});
