import { version } from "rbd-native";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { executeDeletion } from "../../../src/deletion/execute-deletion.ts";
import type { DeletionWay } from "../../../src/deletion/plan/blockers.ts";
import { type DeletionPlan, deletionPlan, showStep } from "../../../src/deletion/plan/deletion-plan.ts";
import { headerObject } from "../../../src/headers/object-names.ts";
import { openImage } from "../../../src/image/image.ts";
import { createPools, deletePools, freshName, RbdCli } from "../../support/rbd-cli.ts";

const cli = new RbdCli(inject("cephConf"));
const pool = freshName("deletion-a");
const other = freshName("deletion-b");
let cluster: Cluster;

beforeAll(async () => {
  await createPools(cli, [pool, other]);
  await cli.rbd("namespace", "create", `${pool}/tenant`);
  cluster = await connect({ conf: cli.conf });
});

afterAll(async () => {
  await cluster?.close();
  await deletePools(cli, [pool, other]);
});

const create = (image: string) => cli.rbd("create", "--size", "16M", image);
const snap = (snapshot: string) => cli.rbd("snap", "create", "--no-progress", snapshot);
const protect = (snapshot: string) => cli.rbd("snap", "protect", snapshot);
const clone = (format: 1 | 2, snapshot: string, image: string, ...more: string[]) =>
  cli.rbd(`--rbd-default-clone-format=${format}`, "clone", ...more, snapshot, image);
const kinds = (plan: DeletionPlan) => plan.blockers.map(({ kind, object }) => `${kind} ${object}`);
const steps = (plan: DeletionPlan, way: DeletionWay) =>
  plan.ways.find((each) => each.way === way)?.steps.map(showStep);
const content = async (image: string) => (await cli.rbd("export", "--no-progress", image, "-")).length;

async function idOf(image: string): Promise<string> {
  return (await cli.rbdJson<{ id: string }>("info", image)).id;
}

async function write(image: string, text: string): Promise<void> {
  await using opened = await openImage(cluster, image);
  await opened.write(0, Buffer.from(text.padEnd(4096, text)));
}

async function read(image: string): Promise<string> {
  await using opened = await openImage(cluster, image, { readOnly: true });
  return (await opened.read(0, 8)).toString();
}

describe("deletionPlan and executeDeletion", () => {
  it("remove an image with clones of both formats, in other pools, a namespace and the trash", async () => {
    const image = `${pool}/family`;
    await create(image);
    await write(image, "parent");
    await snap(`${image}@first`);
    await snap(`${image}@second`);
    await protect(`${image}@second`);
    await clone(1, `${image}@second`, `${pool}/old-clone`);
    await clone(2, `${image}@second`, `${other}/far-clone`);
    await clone(2, `${image}@first`, `${pool}/tenant/tenant-clone`);
    await clone(2, `${image}@first`, `${pool}/trashed-clone`);
    await cli.rbd("trash", "mv", `${pool}/trashed-clone`);

    const plan = await deletionPlan(cluster, image);
    expect(kinds(plan)).toEqual([
      `child ${pool}/trashed-clone`,
      `child ${pool}/tenant/tenant-clone`,
      "snapshot first",
      `child ${pool}/old-clone`,
      `child ${other}/far-clone`,
      "protected second",
      "snapshot second",
    ]);
    expect(plan.ways.map(({ way, open }) => [way, open])).toEqual([
      ["trash", true],
      ["remove", true],
    ]);
    const planned = steps(plan, "remove");
    expect(planned).toEqual([
      `flatten ${pool}/trashed-clone (in the trash)`,
      `flatten ${pool}/tenant/tenant-clone`,
      `flatten ${pool}/old-clone`,
      `flatten ${other}/far-clone`,
      "move it to the trash",
      "remove the snapshot first",
      "unprotect the snapshot second",
      "remove the snapshot second",
      "remove it from the trash",
    ]);

    const seen: string[] = [];
    const outcome = await executeDeletion(cluster, plan, {
      way: "remove",
      onStep: (step) => void seen.push(showStep(step)),
    });
    expect(outcome).toMatchObject({ state: "done", reason: null });
    expect(seen).toEqual(planned);
    expect(await cli.rbdJson("ls", pool)).not.toContain("family");
    for (const survivor of [`${pool}/old-clone`, `${other}/far-clone`, `${pool}/tenant/tenant-clone`]) {
      expect(await read(survivor)).toBe("parentpa");
    }
    await expect(deletionPlan(cluster, image)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("move an image to the trash and back without losing anything", async () => {
    const image = `${pool}/kept`;
    await create(image);
    await write(image, "precious");
    await snap(`${image}@s`);
    await clone(2, `${image}@s`, `${pool}/kept-clone`);
    const plan = await deletionPlan(cluster, image);
    expect(plan.ways[0]).toMatchObject({ way: "trash", open: true, copies: 0 });
    expect(await executeDeletion(cluster, plan, { way: "trash" })).toMatchObject({ state: "done" });
    const entries = await cli.rbdJson<{ id: string; name: string }[]>("trash", "ls", pool);
    expect(entries.map(({ name }) => name).toSorted()).toEqual(["kept", "trashed-clone"]);
    const id = plan.image.id;
    await cli.rbd("trash", "restore", "--pool", pool, "--image-id", id);
    expect(await read(image)).toBe("precious");
    expect(await content(`${pool}/kept-clone`)).toBeGreaterThan(0);
  });

  it("move a snapshot with clones to the trash, or remove it", async () => {
    const image = `${pool}/hidden`;
    await create(image);
    await write(image, "old");
    await snap(`${image}@s`);
    await protect(`${image}@s`);
    await write(image, "new");
    await clone(2, `${image}@s`, `${pool}/hidden-clone`);
    const plan = await deletionPlan(cluster, `${image}@s`);
    expect(steps(plan, "trash")).toEqual(["unprotect the snapshot s", "remove the snapshot s"]);
    expect(await executeDeletion(cluster, plan, { way: "trash" })).toMatchObject({ state: "done" });
    expect(await cli.rbdJson("snap", "ls", image)).toEqual([]);
    expect(await read(`${pool}/hidden-clone`)).toBe("oldoldol");

    // Now it can only be freed, by its name in the trash.
    const [trashed] = await cli.rbdJson<{ name: string }[]>("snap", "ls", "--all", image);
    const rest = await deletionPlan(cluster, {
      pool,
      namespace: "",
      image: "hidden",
      snapshot: `${trashed?.name}`,
    });
    expect(steps(rest, "remove")).toEqual([`flatten ${pool}/hidden-clone`]);
    expect(await executeDeletion(cluster, rest, { way: "remove" })).toMatchObject({ state: "done" });
    expect(await cli.rbdJson("snap", "ls", "--all", image)).toEqual([]);
    expect(await read(`${pool}/hidden-clone`)).toBe("oldoldol");
  });

  it("name the client that has the image open", async () => {
    const image = `${pool}/used`;
    await create(image);
    await using opened = await openImage(cluster, image);
    await opened.write(0, Buffer.from("x"));
    const plan = await deletionPlan(cluster, image);
    const [{ watchers }] = await Promise.all([
      cli.rbdJson<{ watchers: { address: string; client: number }[] }>("status", image),
    ]);
    expect(kinds(plan)).toContain(`watcher ${watchers[0]?.address}`);
    expect(plan.blockers.find(({ kind }) => kind === "watcher")?.message).toContain(
      `client.${watchers[0]?.client}`,
    );
    expect(plan.ways.every(({ open }) => !open)).toBe(true);
    const lock = plan.blockers.find(({ kind }) => kind === "lock");
    expect(lock?.object).toBe(watchers[0]?.address);
  });

  it("name a migration, mirroring, a group's snapshot, and clones that cannot be detached", async () => {
    await create(`${pool}/moving`);
    await cli.rbd("migration", "prepare", `${pool}/moving`, `${other}/moved`);
    expect(kinds(await deletionPlan(cluster, `${other}/moved`))).toEqual(["migration destination"]);

    await cli.rbd("mirror", "pool", "enable", other, "image");
    await create(`${other}/mirrored`);
    await cli.rbd("mirror", "image", "enable", `${other}/mirrored`, "snapshot");
    const mirrored = await deletionPlan(cluster, `${other}/mirrored`);
    expect(mirrored.blockers.map(({ kind }) => kind)).toEqual(["mirrored", "mirror-snapshot"]);

    await create(`${pool}/member`);
    await cli.rbd("group", "create", `${pool}/group`);
    await cli.rbd("group", "image", "add", `${pool}/group`, `${pool}/member`);
    await cli.rbd("group", "snap", "create", `${pool}/group@together`);
    const member = await deletionPlan(cluster, `${pool}/member`);
    expect(member.blockers.map(({ kind }) => kind)).toEqual(["group-snapshot", "group"]);
    expect(member.blockers[1]?.object).toBe(`${pool}/group`);

    await create(`${pool}/held`);
    await snap(`${pool}/held@s`);
    await clone(2, `${pool}/held@s`, `${pool}/holder`, "--image-feature", "layering,exclusive-lock");
    await snap(`${pool}/holder@own`);
    const held = await deletionPlan(cluster, `${pool}/held`);
    expect(held.blockers[0]).toMatchObject({ kind: "child", closes: ["remove"] });
    expect(held.blockers[0]?.message).toContain("and so are its snapshots own");

    await create(`${pool}/bereft`);
    await snap(`${pool}/bereft@s`);
    await clone(2, `${pool}/bereft@s`, `${other}/lost`);
    const lost = await cluster.pool(other);
    await lost.objects.remove(headerObject(await idOf(`${other}/lost`)));
    const bereft = await deletionPlan(cluster, `${pool}/bereft`);
    expect(bereft.blockers[0]).toMatchObject({ kind: "child", object: `${other}/lost`, closes: ["remove"] });
    expect(bereft.blockers[0]?.message).toContain("it cannot be read");
  });

  const makeTeam = async (team: string, ...images: string[]) => {
    await cli.rbd("group", "create", `${pool}/${team}`);
    for (const image of images) {
      await create(`${pool}/${image}`);
      await cli.rbd("group", "image", "add", `${pool}/${team}`, `${pool}/${image}`);
    }
  };

  it("take an image out of its group first", async () => {
    await makeTeam("club", "player", "trainer");
    const plan = await deletionPlan(cluster, `${pool}/player`);
    expect(steps(plan, "trash")).toEqual([`take it out of the group ${pool}/club`, "move it to the trash"]);
    expect(await executeDeletion(cluster, plan, { way: "trash" })).toMatchObject({ state: "done" });
    expect(await cli.rbdJson("group", "image", "ls", `${pool}/club`)).toMatchObject([{ image: "trainer" }]);
  });

  // Ceph 20 lets none of a group's images go there.
  it.skipIf(version().minor >= 20)("take an image in the trash out of its group first", async () => {
    await makeTeam("team", "captain", "keeper");
    const id = await idOf(`${pool}/captain`);
    await cli.rbd("trash", "mv", `${pool}/captain`);
    const trashed = await deletionPlan(cluster, { pool, namespace: "", id });
    expect(await executeDeletion(cluster, trashed, { way: "remove" })).toMatchObject({ state: "done" });
    expect(await cli.rbdJson("group", "image", "ls", `${pool}/team`)).toMatchObject([{ image: "keeper" }]);
  });

  it("consider what depends on it outside of Ceph", async () => {
    const image = `${pool}/backed-up`;
    await create(image);
    await snap(`${image}@base`);
    const findDependants = async () => {
      const [snapshot] = await cli.rbdJson<{ id: number }[]>("snap", "ls", image);
      return [{ what: "the backup nightly-12", snapshotId: BigInt(snapshot?.id ?? 0) }];
    };
    const plan = await deletionPlan(cluster, `${image}@base`, { findDependants });
    expect(kinds(plan)).toEqual(["dependant the backup nightly-12"]);
    const careless = await deletionPlan(cluster, `${image}@base`);
    const outcome = await executeDeletion(cluster, careless, { way: "remove", findDependants });
    expect(outcome).toMatchObject({
      state: "stopped",
      done: [],
      reason: expect.stringContaining("nightly-12"),
    });
    expect(await cli.rbdJson("snap", "ls", image)).toHaveLength(1);
  });
});

describe("executeDeletion stops at an unexpected change", () => {
  it.each<[string, (image: string) => Promise<unknown>, string]>([
    ["a new snapshot", (image) => snap(`${image}@new`), "remove the snapshot new"],
    [
      "another snapshot of the same name",
      async (image) => {
        await cli.rbd("snap", "rm", "--no-progress", `${image}@s`);
        await snap(`${image}@s`);
      },
      "remove the snapshot s",
    ],
    ["a new clone", (image) => clone(2, `${image}@s`, `${image}-clone`), "-clone"],
    ["a migration", (image) => cli.rbd("migration", "prepare", image, `${image}-migrated`), ""],
  ])("such as %s, with nothing destroyed", async (what, happen, reason) => {
    const image = `${pool}/${what.replaceAll(" ", "-")}`;
    await create(image);
    await snap(`${image}@s`);
    const plan = await deletionPlan(cluster, image);
    await happen(image);
    const before = await cli.rbd("ls", "--long", pool);
    const outcome = await executeDeletion(cluster, plan, { way: "remove" });
    expect(outcome).toMatchObject({ state: "stopped", done: [], reason: expect.stringContaining(reason) });
    expect(await cli.rbd("ls", "--long", pool)).toBe(before);
  });

  it("such as a snapshot taken between two steps", async () => {
    const image = `${pool}/late`;
    await create(image);
    await snap(`${image}@s`);
    await clone(2, `${image}@s`, `${pool}/late-clone`);
    const plan = await deletionPlan(cluster, image);
    const outcome = await executeDeletion(cluster, plan, {
      way: "remove",
      async onStep() {
        await snap(`${image}@late`);
      },
    });
    expect(outcome).toMatchObject({ state: "stopped", reason: expect.stringContaining("the snapshot late") });
    expect(outcome.done.map((step) => step.do)).toEqual(["flatten"]);
    expect(outcome.plan?.blockers.map(({ object }) => object)).toContain("late");
    expect(await cli.rbdJson("snap", "ls", image)).toHaveLength(2);
  });

  it("and follows a rename", async () => {
    const image = `${pool}/renamed`;
    await create(image);
    const plan = await deletionPlan(cluster, image);
    await cli.rbd("rename", image, `${pool}/renamed-2`);
    await create(image);
    expect(await executeDeletion(cluster, plan, { way: "remove" })).toMatchObject({ state: "done" });
    const names = await cli.rbdJson<string[]>("ls", pool);
    expect(names).toContain("renamed");
    expect(names).not.toContain("renamed-2");
  });

  it("ends between two steps when it is aborted", async () => {
    const image = `${pool}/aborted`;
    await create(image);
    await snap(`${image}@s`);
    const plan = await deletionPlan(cluster, image);
    const controller = new AbortController();
    const reason = new Error("enough");
    const work = executeDeletion(cluster, plan, {
      way: "remove",
      signal: controller.signal,
      onStep: (step) => {
        if (step.do === "move-to-trash") controller.abort(reason);
      },
    });
    await expect(work).rejects.toBe(reason);
    const left = await cli.rbdJson<{ name: string }[]>("trash", "ls", pool);
    const there = (await cli.rbdJson<string[]>("ls", pool)).includes("aborted");
    expect(there || left.some(({ name }) => name === "aborted")).toBe(true);
  });
});
