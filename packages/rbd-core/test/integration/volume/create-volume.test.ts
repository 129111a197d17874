import { describe, expect, it } from "vitest";
import { createVolume, planVolume } from "../../../src/volume/create-volume.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("volume");
const { pool } = own;

const mebibyte = 1024 ** 2;

async function written(name: string): Promise<string> {
  return own.written(`${pool}/${name}`, "8M", { total: "1M", size: "128K", pattern: "rand" });
}

/** The last of `count` images, each a clone of the one before. */
async function chain(name: string, count: number): Promise<string> {
  let spec = await written(`${name}-0`);
  for (let depth = 1; depth < count; depth++) {
    await own.protectedSnapshot(`${spec}@s`);
    const next = `${pool}/${name}-${depth}`;
    await own.witness.rbd("clone", `${spec}@s`, next);
    spec = next;
  }
  return spec;
}

describe("createVolume ends where Cinder's own sequence of commands ends", () => {
  it("empty", async () => {
    const { cluster, witness } = own;
    await witness.rbd("create", "--size", "64M", `${pool}/empty-theirs`);
    const result = await createVolume(cluster, { target: `${pool}/empty-ours`, size: 64 * mebibyte });
    expect(result).toMatchObject({ size: 64 * mebibyte, depth: 0, source: null });
    await expectAlike(witness, `${pool}/empty-ours`, `${pool}/empty-theirs`);
  });

  it("from a snapshot, enlarged", async () => {
    const { cluster, witness } = own;
    const source = await written("from-snapshot");
    await own.protectedSnapshot(`${source}@s`);
    await witness.rbd("clone", `${source}@s`, `${pool}/from-snapshot-theirs`);
    await witness.rbd("resize", "--no-progress", "--size", "16M", `${pool}/from-snapshot-theirs`);
    const result = await createVolume(cluster, {
      target: `${pool}/from-snapshot-ours`,
      from: { snapshot: `${source}@s` },
      size: 16 * mebibyte,
    });
    expect(result).toMatchObject({ size: 16 * mebibyte, depth: 1, flattened: false });
    await expectAlike(witness, `${pool}/from-snapshot-ours`, `${pool}/from-snapshot-theirs`);
    expect(await children(`${source}@s`)).toEqual(["from-snapshot-ours", "from-snapshot-theirs"]);
  });

  it("from a volume, below the limit of depth", async () => {
    const { cluster, witness } = own;
    const [a, b] = [await written("below-a"), `${pool}/below-b`];
    await witness.rbd("cp", "--no-progress", a, b);
    await own.protectedSnapshot(`${b}@new.clone_snap`);
    await witness.rbd("clone", `${b}@new.clone_snap`, `${pool}/below-theirs`);
    const result = await createVolume(cluster, {
      target: `${pool}/below-ours`,
      from: { volume: a },
      snapshotName: "new.clone_snap",
    });
    expect(result).toMatchObject({
      depth: 1,
      flattened: false,
      source: { snapshotCreated: true, unchanged: false },
    });
    await expectAlike(witness, a, b);
    expect(await children(`${a}@new.clone_snap`)).toEqual(["below-ours"]);
    expect(await witness.md5(`${pool}/below-ours`)).toBe(await witness.md5(`${pool}/below-theirs`));
  });

  it("from a volume at the limit: flattened, and the source is left as it was", async () => {
    const { cluster, witness } = own;
    const source = await chain("limit", 3);
    await own.protectedSnapshot(`${source}@t.clone_snap`);
    await witness.rbd("clone", `${source}@t.clone_snap`, `${pool}/limit-theirs`);
    await witness.rbd("flatten", "--no-progress", `${pool}/limit-theirs`);
    await witness.rbd("snap", "unprotect", `${source}@t.clone_snap`);
    await witness.rbd("snap", "rm", "--no-progress", `${source}@t.clone_snap`);
    const result = await createVolume(cluster, {
      target: `${pool}/limit-ours`,
      from: { volume: source },
      maxDepth: 2,
    });
    expect(result).toMatchObject({
      depth: 0,
      flattened: true,
      flattenReason: "it would have 3 images above it, and at most 2 are allowed",
      source: { snapshotCreated: false, unchanged: true },
    });
    await expectAlike(witness, `${pool}/limit-ours`, `${pool}/limit-theirs`);
    expect(await witness.json("snap", "ls", "--all", source)).toEqual([]);
  });

  it("from a volume as a full copy", async () => {
    const { cluster, witness } = own;
    const source = await chain("full", 2);
    await witness.rbd("cp", "--no-progress", source, `${pool}/full-theirs`);
    const result = await createVolume(cluster, {
      target: `${pool}/full-ours`,
      from: { volume: source },
      maxDepth: 0,
    });
    expect(result).toMatchObject({ depth: 0, flattened: true, source: { unchanged: true } });
    await expectAlike(witness, `${pool}/full-ours`, `${pool}/full-theirs`);
    expect(await witness.json("snap", "ls", "--all", source)).toEqual([]);
  });

  it("from a template, by its URL and enlarged", async () => {
    const { cluster, witness } = own;
    const template = await written("template");
    await own.protectedSnapshot(`${template}@snap`);
    await witness.rbd("clone", `${template}@snap`, `${pool}/template-theirs`);
    await witness.rbd("resize", "--no-progress", "--size", "24M", `${pool}/template-theirs`);
    for (const [index, from] of [`rbd://${cluster.fsid}/${pool}/template/snap`, template].entries()) {
      const target = `${pool}/template-ours-${index}`;
      const result = await createVolume(cluster, { target, from: { template: from }, size: 24 * mebibyte });
      expect(result).toMatchObject({
        depth: 1,
        source: { spec: { snapshot: "snap" }, snapshotCreated: false },
      });
      await expectAlike(witness, target, `${pool}/template-theirs`);
    }
  });
});

describe("createVolume", () => {
  it("counts a parent in the trash", async () => {
    const source = await chain("trashed", 3);
    await own.witness.rbd("trash", "mv", `${pool}/trashed-0`);
    const plan = await planVolume(own.cluster, {
      target: `${pool}/never`,
      from: { volume: source },
      maxDepth: 2,
    });
    expect(plan).toMatchObject({ flattened: true, phases: expect.arrayContaining(["flatten", "release"]) });
  });

  it("shares one new snapshot among volumes that are made together", async () => {
    const source = await written("together");
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        createVolume(own.cluster, { target: `${pool}/together-${index}`, from: { volume: source } }),
      ),
    );
    expect(made.filter((result) => result.source?.snapshotCreated)).toHaveLength(1);
    expect(await own.witness.json("snap", "ls", source)).toHaveLength(1);
  });

  it("uses the snapshot of an unchanged volume again", async () => {
    const source = await written("again");
    const from = { volume: source };
    const first = await createVolume(own.cluster, { target: `${pool}/again-1`, from });
    const second = await createVolume(own.cluster, { target: `${pool}/again-2`, from });
    expect(second.source?.spec).toEqual(first.source?.spec);
    expect(second.source).toMatchObject({ snapshotCreated: false, unchanged: true });
  });

  it.each([
    ["no size for an empty volume", "INVALID_ARGUMENT", {}],
    ["a size below the source's", "INVALID_ARGUMENT", { from: "volume", size: mebibyte }],
    ["a volume named with a snapshot", "INVALID_NAME", { from: "volume", suffix: "@s" }],
    ["a snapshot that is not there", "NOT_FOUND", { from: "snapshot", suffix: "@nothing" }],
    ["an image where a snapshot is needed", "INVALID_NAME", { from: "snapshot" }],
    ["a template without its snapshot", "NOT_FOUND", { from: "template" }],
  ])(
    "refuses %s before anything is changed",
    async (_, code, wrong: { from?: string; size?: number; suffix?: string }) => {
      const name = `refused-${crypto.randomUUID()}`;
      const source = await written(name);
      const before = await own.witness.json("ls", "-l", pool);
      const from =
        wrong.from === undefined ? {} : { from: { [wrong.from]: `${source}${wrong.suffix ?? ""}` } as never };
      const size = wrong.size === undefined ? {} : { size: wrong.size };
      const creating = createVolume(own.cluster, { target: `${pool}/${name}-new`, ...from, ...size });
      await expect(creating).rejects.toMatchObject({ code });
      expect(await own.witness.json("ls", "-l", pool)).toEqual(before);
    },
  );

  it("refuses a template of another cluster", async () => {
    const from = { template: `rbd://another/${pool}/template/snap` };
    await expect(createVolume(own.cluster, { target: `${pool}/never`, from })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("in the cluster another"),
    });
  });
});

async function children(snapshot: string): Promise<string[]> {
  const found = (await own.witness.json("children", snapshot)) as { image: string }[];
  return found.map(({ image }) => image).toSorted();
}
