import { describe, expect, it } from "vitest";
import { removeSnapshot } from "../../../src/image/snapshots.ts";
import { createVolumeSnapshot } from "../../../src/volume/create-volume-snapshot.ts";
import { breakEveryCall } from "../../support/break-every-call.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { useVolumes } from "./volumes.ts";

const own = useOwnPool("volume-snapshot");
const { pool, look, rbd } = own;
const { pair, alone } = useVolumes(own);

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

describe.each([false, true])("when any call fails (late: %s)", { timeout: 300_000 }, (late) => {
  it("createVolumeSnapshot leaves no snapshot", async () => {
    const place = await alone(`snapshot-${late}`);
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
});
