import { expect, it } from "vitest";
import { cloneImage, releaseOwnSnapshots } from "../../../src/clone/index.ts";
import { ownSnapshotsObject } from "../../../src/clone/own-snapshots.ts";
import { removeImage } from "../../../src/image/image.ts";
import { parseImageSpec } from "../../../src/names/image-spec.ts";
import { imageWithHistory, write } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("own-snapshots");

async function namesOf(source: string): Promise<string[]> {
  return ((await own.witness.json("snap", "ls", source)) as { name: string }[]).map(({ name }) => name);
}

async function recorded(): Promise<string[]> {
  return (await own.witness.rados("-p", own.pool, "listomapkeys", ownSnapshotsObject))
    .split("\n")
    .filter(Boolean);
}

it.each([1, 2] as const)(
  "a snapshot that a clone made goes with the last clone, the user's stay (clone format %i)",
  { timeout: 60_000 },
  async (cloneFormat) => {
    const source = `${own.pool}/source-${cloneFormat}`;
    await imageWithHistory(own.cluster, source, ["monday"]);
    const spec = parseImageSpec(source);
    const made: string[] = [];
    for (const n of [1, 2]) {
      const target = `${source}-${n}`;
      const { snapshot } = await cloneImage(own.cluster, { source, target, cloneFormat });
      made.push(snapshot.name);
      await write(own.cluster, source, 0, 4096, 10 + n);
    }
    // Named by the user, so not Coppice's own, though a clone made it.
    const named = `${source}-named`;
    await cloneImage(own.cluster, { source, target: named, snapshotName: "mine", cloneFormat: 2 });
    await own.rbd("snap", "create", "--no-progress", `${source}@coppice-like`);
    const [first = "", second = ""] = made;
    expect(await releaseOwnSnapshots(own.cluster, spec)).toEqual([]);

    await removeImage(own.cluster, `${source}-1`);
    await removeImage(own.cluster, named);
    expect(await releaseOwnSnapshots(own.cluster, spec)).toEqual([first]);
    expect(await namesOf(source)).toEqual(["monday", second, "mine", "coppice-like"]);

    // Whoever gives it another name makes it his own.
    await own.rbd("snap", "rename", `${source}@${second}`, `${source}@kept`);
    await removeImage(own.cluster, `${source}-2`);
    expect(await releaseOwnSnapshots(own.cluster, spec)).toEqual([]);
    expect(await namesOf(source)).toEqual(["monday", "kept", "mine", "coppice-like"]);
    expect(await recorded()).toEqual([]);
  },
);

it("a flattened clone leaves no record", async () => {
  const source = `${own.pool}/flattened`;
  await imageWithHistory(own.cluster, source, []);
  await cloneImage(own.cluster, { source, target: `${source}-1`, flatten: true });
  expect(await namesOf(source)).toEqual([]);
  expect(await recorded()).toEqual([]);
});
