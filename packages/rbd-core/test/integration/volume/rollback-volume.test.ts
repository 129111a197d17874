import { describe, expect, it } from "vitest";
import { rollbackVolume } from "../../../src/volume/rollback-volume.ts";
import { breakEveryCall } from "../../support/break-every-call.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { useVolumes } from "./volumes.ts";

const own = useOwnPool("rollback");
const { pool, look, rbd } = own;
const { pair, alone, write } = useVolumes(own);
const mebibyte = 1024 ** 2;

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

  it("is undone when it is aborted half-way", async () => {
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
  it("rollbackVolume leaves the volume as it was", async () => {
    const place = await alone(`rollback-${late}`);
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
