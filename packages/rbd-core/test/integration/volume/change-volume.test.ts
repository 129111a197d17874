import { describe, expect, it } from "vitest";
import { removeSnapshot } from "../../../src/image/snapshots.ts";
import { extendVolume, renameVolume } from "../../../src/volume/change-volume.ts";
import { createVolumeSnapshot } from "../../../src/volume/create-volume-snapshot.ts";
import { rollbackVolume } from "../../../src/volume/rollback-volume.ts";
import { breakEveryCall } from "../../support/break-every-call.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("change");
const { pool } = own;

const mebibyte = 1024 ** 2;
let count = 0;

const { look, rbd } = own;
const write = (spec: string, pattern: "seq" | "rand" = "seq") =>
  own.write(spec, { total: "256K", size: "64K", pattern });

/** Two like volumes: one for ours, one for the commands. */
async function pair(): Promise<[ours: string, theirs: string]> {
  const ours = `${pool}/volume-${count++}`;
  await rbd("create", "--size", "4M", ours);
  await write(ours);
  await rbd("cp", "--no-progress", ours, `${ours}-theirs`);
  return [ours, `${ours}-theirs`];
}

describe("createVolumeSnapshot", () => {
  it("ends where Cinder's own commands end when it is protected", async () => {
    const [ours, theirs] = await pair();
    await rbd("snap", "create", "--no-progress", `${theirs}@s`);
    await rbd("snap", "protect", `${theirs}@s`);
    const result = await createVolumeSnapshot(own.cluster, { volume: ours, name: "s", protect: true });
    expect(result).toMatchObject({ protected: true, snapshot: { snapshot: "s" } });
    await expectAlike(own.witness, ours, theirs);
  });

  it("protects by itself where clones need it, and not where that was not asked for", async () => {
    const [ours] = await pair();
    // This cluster admits clients from before mimic, so clones have format 1.
    expect(await createVolumeSnapshot(own.cluster, { volume: ours, name: "a" })).toMatchObject({
      protected: true,
    });
    const free = { volume: ours, name: "b", protect: false };
    expect(await createVolumeSnapshot(own.cluster, free)).toMatchObject({ protected: false });
    const listed = (await own.witness.json("snap", "ls", ours)) as { name: string; protected: string }[];
    expect(listed.map(({ name, protected: is }) => [name, is])).toEqual([
      ["a", "true"],
      ["b", "false"],
    ]);
  });

  it.each([
    ["a name that cannot be", { name: "a@b" }, "INVALID_NAME"],
    ["a snapshot that is there", { name: "there" }, "EXISTS"],
    ["no such volume", { volume: "nothing" }, "NOT_FOUND"],
  ])("refuses %s", async (_, wrong, code) => {
    const [ours] = await pair();
    await rbd("snap", "create", "--no-progress", `${ours}@there`);
    const before = await look();
    const options = { name: "new", ...wrong, volume: "volume" in wrong ? `${pool}/${wrong.volume}` : ours };
    await expect(createVolumeSnapshot(own.cluster, options)).rejects.toMatchObject({ code });
    expect(await look()).toEqual(before);
  });
});

describe("extendVolume", () => {
  it("ends where `rbd resize` ends", async () => {
    const [ours, theirs] = await pair();
    await rbd("resize", "--no-progress", "--size", "9M", theirs);
    expect(await extendVolume(own.cluster, { volume: ours, size: 9 * mebibyte })).toMatchObject({
      from: 4 * mebibyte,
      to: 9 * mebibyte,
    });
    await expectAlike(own.witness, ours, theirs);
  });

  it("does nothing when the volume has that size", async () => {
    const [ours] = await pair();
    const before = await look();
    await extendVolume(own.cluster, { volume: ours, size: 4 * mebibyte });
    expect(await look()).toEqual(before);
  });

  it.each([
    ["less than it has", 4 * mebibyte - 1, "INVALID_ARGUMENT"],
    ["no size", Number.NaN, "INVALID_ARGUMENT"],
  ])("refuses %s", async (_, size, code) => {
    const [ours] = await pair();
    await expect(extendVolume(own.cluster, { volume: ours, size })).rejects.toMatchObject({ code });
  });
});

describe("renameVolume", () => {
  it("keeps id, snapshots and clones", async () => {
    const [ours] = await pair();
    await rbd("snap", "create", "--no-progress", `${ours}@s`);
    await rbd("snap", "protect", `${ours}@s`);
    await rbd("clone", `${ours}@s`, `${ours}-clone`);
    const { id } = (await own.witness.json("info", ours)) as { id: string };
    await renameVolume(own.cluster, { from: ours, to: `${ours}-new` });
    expect(await own.witness.json("info", `${ours}-new`)).toMatchObject({ id });
    expect(await own.witness.json("info", `${ours}-clone`)).toMatchObject({
      parent: { image: `${ours}-new`.slice(pool.length + 1), snapshot: "s" },
    });
  });

  it.each([
    ["a name that is taken", (ours: string) => `${ours}-theirs`, "EXISTS"],
    ["its own name", (ours: string) => ours, "EXISTS"],
    ["another pool", () => "elsewhere/volume", "INVALID_ARGUMENT"],
    ["a name with a snapshot", (ours: string) => `${ours}@s`, "INVALID_NAME"],
  ])("refuses %s", async (_, to, code) => {
    const [ours] = await pair();
    const before = await look();
    await expect(renameVolume(own.cluster, { from: ours, to: to(ours) })).rejects.toMatchObject({ code });
    expect(await look()).toEqual(before);
  });
});

describe("rollbackVolume", () => {
  /** A volume that was written to and enlarged since its snapshot `s`, with a later snapshot. */
  async function changed(): Promise<[ours: string, theirs: string]> {
    const both = await pair();
    for (const spec of both) {
      await rbd("snap", "create", "--no-progress", `${spec}@s`);
      await rbd("resize", "--no-progress", "--size", "12M", spec);
      await rbd("bench", "--io-type", "write", "--io-total", "8M", "--io-size", "1M", spec);
      await rbd("snap", "create", "--no-progress", `${spec}@later`);
    }
    return both;
  }

  it("ends where `rbd snap rollback` ends, its size too", async () => {
    const [ours, theirs] = await changed();
    await rbd("snap", "rollback", "--no-progress", `${theirs}@s`);
    const phases = new Set<string>();
    const result = await rollbackVolume(own.cluster, {
      snapshot: `${ours}@s`,
      onProgress: ({ phase }) => phases.add(phase),
    });
    expect(result).toMatchObject({ from: 12 * mebibyte, to: 4 * mebibyte });
    expect([...phases]).toEqual(["keep", "rollback", "release"]);
    await expectAlike(own.witness, ours, theirs);
    expect(await own.witness.md5(ours)).toBe(await own.witness.md5(`${ours}@s`));
  });

  it("refuses while a client has the volume open, and names it", async () => {
    const [ours] = await changed();
    const before = await look();
    await using ioCtx = await own.native.openPool(pool);
    {
      await using image = await ioCtx.openImage(ours.slice(pool.length + 1));
      const [watcher] = await image.listWatchers();
      await expect(rollbackVolume(own.cluster, { snapshot: `${ours}@s` })).rejects.toMatchObject({
        code: "BUSY",
        message: expect.stringContaining(`client.${watcher?.clientId} at ${watcher?.address}`),
      });
    }
    expect(await look()).toEqual(before);
  });

  it.each([
    ["no snapshot's name", "", "INVALID_NAME"],
    ["a snapshot that is not there", "@nothing", "NOT_FOUND"],
  ])("refuses %s", async (_, suffix, code) => {
    const [ours] = await pair();
    await expect(rollbackVolume(own.cluster, { snapshot: `${ours}${suffix}` })).rejects.toMatchObject({
      code,
    });
  });

  it("is taken back when it is aborted half-way", async () => {
    const [ours] = await changed();
    const before = await own.witness.md5(ours);
    const abort = new AbortController();
    const rolling = rollbackVolume(own.cluster, {
      snapshot: `${ours}@s`,
      signal: abort.signal,
      onProgress: ({ phase, done }) => {
        if (phase === "rollback" && done > 0) abort.abort(new Error("enough"));
      },
    });
    await expect(rolling).rejects.toThrow("enough");
    expect(await own.witness.md5(ours)).toBe(before);
    const listed = (await own.witness.json("snap", "ls", ours)) as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(["s", "later"]);
  });
});

describe.each([false, true])("when any call fails (late: %s)", { timeout: 300_000 }, (late) => {
  async function quiet(name: string): Promise<string> {
    const place = `${pool}-${name}-${late}`;
    await own.cluster.createPool(place);
    await rbd("create", "--size", "4M", `${place}/volume`);
    await write(`${place}/volume`);
    return place;
  }

  it("createVolumeSnapshot leaves no snapshot", async () => {
    const place = await quiet("snapshot");
    const volume = `${place}/volume`;
    const calls = await breakEveryCall({
      own,
      pools: [place],
      flow: (cluster) => createVolumeSnapshot(cluster, { volume, name: "s" }),
      reset: async () => {
        await rbd("snap", "unprotect", `${volume}@s`);
        await removeSnapshot(own.cluster, `${volume}@s`);
      },
      late,
    });
    expect([...calls]).toEqual(expect.arrayContaining(["createSnapshot", "protectSnapshot"]));
  });

  it("extendVolume is done or not", async () => {
    const place = await quiet("extend");
    const volume = `${place}/volume`;
    const calls = await breakEveryCall({
      own,
      pools: [place],
      flow: (cluster) => extendVolume(cluster, { volume, size: 8 * mebibyte }),
      reset: async () =>
        void (await rbd("resize", "--no-progress", "--allow-shrink", "--size", "4M", volume)),
      tolerates: (_, struck) => late && struck.startsWith("resize"),
      late,
    });
    expect([...calls]).toContain("resize");
  });

  it("renameVolume is done or not", async () => {
    const place = await quiet("rename");
    const calls = await breakEveryCall({
      own,
      pools: [place],
      flow: (cluster) => renameVolume(cluster, { from: `${place}/volume`, to: `${place}/renamed` }),
      reset: async () => void (await rbd("rename", `${place}/renamed`, `${place}/volume`)),
      tolerates: (_, struck) => late && struck.startsWith("renameImage"),
      late,
    });
    expect([...calls]).toContain("renameImage");
  });

  it("rollbackVolume leaves the volume as it was", async () => {
    const place = await quiet("rollback");
    const volume = `${place}/volume`;
    await rbd("snap", "create", "--no-progress", `${volume}@s`);
    await write(volume, "rand");
    await rbd("snap", "create", "--no-progress", `${volume}@after`);
    const rolledBack = await own.witness.md5(`${volume}@s`);
    const calls = await breakEveryCall({
      own,
      pools: [place],
      flow: (cluster) => rollbackVolume(cluster, { snapshot: `${volume}@s` }),
      reset: async () => {
        expect(await own.witness.md5(volume)).toBe(rolledBack);
        await rbd("snap", "rollback", "--no-progress", `${volume}@after`);
      },
      tolerates: (_, struck) => struck.startsWith("removeSnapshot"),
      late,
    });
    expect([...calls]).toEqual(expect.arrayContaining(["createSnapshot", "rollback", "removeSnapshot"]));
  });
});
