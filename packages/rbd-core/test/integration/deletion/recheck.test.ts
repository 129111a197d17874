import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { executeDeletion } from "../../../src/deletion/execute-deletion.ts";
import type { DependantFacts } from "../../../src/deletion/plan/deletion-facts.ts";
import { type DeletionPlan, deletionPlan } from "../../../src/deletion/plan/deletion-plan.ts";
import { openImage } from "../../../src/image/image.ts";
import { createPools, deletePools, freshName, RbdCli } from "../../support/rbd-cli.ts";

const cli = new RbdCli(inject("cephConf"));
const pool = freshName("recheck-a");
const other = freshName("recheck-b");
let cluster: Cluster;

beforeAll(async () => {
  await createPools(cli, [pool, other]);
  await cli.rbd("mirror", "pool", "enable", pool, "image");
  cluster = await connect({ conf: cli.conf });
});

afterAll(async () => {
  await cluster?.close();
  await deletePools(cli, [pool, other]);
});

const create = (image: string) => cli.rbd("create", "--size", "8M", image);
const snap = (snapshot: string) => cli.rbd("snap", "create", "--no-progress", snapshot);
const clone = (snapshot: string, image: string) =>
  cli.rbd("--rbd-default-clone-format=2", "clone", snapshot, image);
const kinds = (plan: DeletionPlan) => plan.blockers.map(({ kind }) => kind);
const openWays = (plan: DeletionPlan) => plan.ways.filter(({ open }) => open).map(({ way }) => way);
const did = (steps: readonly { do: string }[]) => steps.map((step) => step.do);

/** An image with a snapshot and two clones of it: two flattens come before anything of its own is touched. */
async function family(name: string): Promise<string> {
  const image = `${pool}/${name}`;
  await create(image);
  await snap(`${image}@s`);
  await clone(`${image}@s`, `${image}-clone-1`);
  await clone(`${image}@s`, `${image}-clone-2`);
  return image;
}

/** What happens to the image between two steps, and what undoes it. */
type Happening = (image: string, cleanUp: AsyncDisposableStack) => Promise<unknown>;

const happenings: [what: string, happen: Happening, reason: string][] = [
  [
    "a client opens it",
    async (image, cleanUp) => {
      // The first write takes the exclusive lock; until then there is a watcher alone.
      cleanUp.use(await openImage(cluster, image));
    },
    "has the image open",
  ],
  [
    "a client locks it and goes",
    async (image, cleanUp) => {
      await cli.rbd("lock", "add", image, "maintenance");
      cleanUp.defer(async () => {
        const [lock] = await cli.rbdJson<{ locker: string }[]>("lock", "ls", image);
        await cli.rbd("lock", "rm", image, "maintenance", `${lock?.locker}`);
      });
    },
    'holds the lock "maintenance"',
  ],
  [
    "its snapshot is protected",
    (image) => cli.rbd("snap", "protect", `${image}@s`),
    "unprotect the snapshot s",
  ],
  ["it is mirrored", (image) => cli.rbd("mirror", "image", "enable", image, "snapshot"), "is mirrored"],
  [
    "it joins a group",
    async (image) => {
      await cli.rbd("group", "create", `${image}-group`);
      await cli.rbd("group", "image", "add", `${image}-group`, image);
    },
    "take it out of the group",
  ],
  [
    "its group takes a snapshot",
    async (image) => {
      await cli.rbd("group", "create", `${image}-team`);
      await cli.rbd("group", "image", "add", `${image}-team`, image);
      await cli.rbd("group", "snap", "create", `${image}-team@together`);
    },
    "part of a group's snapshot",
  ],
  ["it is cloned into another pool", (image) => clone(`${image}@s`, `${other}/late-clone`), "late-clone"],
  [
    "it is cloned, and the clone goes to the trash",
    async (image) => {
      await clone(`${image}@s`, `${other}/trashed-late`);
      await cli.rbd("trash", "mv", `${other}/trashed-late`);
    },
    "trashed-late (in the trash)",
  ],
];

describe("executeDeletion checks again before each step, and stops when meanwhile", () => {
  it.each(happenings)("%s", async (what, happen, reason) => {
    const image = await family(what.replaceAll(/[^a-z]+/g, "-"));
    const plan = await deletionPlan(cluster, image);
    expect(did(plan.ways.find(({ way }) => way === "remove")?.steps ?? [])).toEqual([
      "flatten",
      "flatten",
      "move-to-trash",
      "remove-snapshot",
      "remove-from-trash",
    ]);
    await using cleanUp = new AsyncDisposableStack();
    const outcome = await executeDeletion(cluster, plan, {
      way: "remove",
      onStep: async (_, done) => {
        if (done === 1) await happen(image, cleanUp);
      },
    });
    expect(outcome).toMatchObject({ state: "stopped", reason: expect.stringContaining(reason) });
    // The step under way is finished; nothing of the image itself was touched.
    expect(did(outcome.done)).toEqual(["flatten", "flatten"]);
    expect(await cli.rbdJson("ls", pool)).toContain(plan.image.name);
    const names = (await cli.rbdJson<{ name: string }[]>("snap", "ls", image)).map(({ name }) => name);
    expect(names).toContain("s");
  });

  it("a backup comes to need it", async () => {
    const image = await family("backup");
    const plan = await deletionPlan(cluster, image);
    const backups: DependantFacts[] = [];
    const outcome = await executeDeletion(cluster, plan, {
      way: "remove",
      findDependants: async () => backups,
      onStep: (_, done) => {
        if (done === 1) backups.push({ what: "the backup nightly-1", snapshotId: null });
      },
    });
    expect(outcome).toMatchObject({ state: "stopped", reason: "the backup nightly-1 needs the image" });
    expect(did(outcome.done)).toEqual(["flatten", "flatten"]);
  });

  it("a client opens it while it is moved to the trash, which Ceph allows", async () => {
    const image = await family("late-opener");
    const plan = await deletionPlan(cluster, image);
    {
      await using late = new AsyncDisposableStack();
      const outcome = await executeDeletion(cluster, plan, {
        way: "remove",
        onStep: async (step) => {
          if (step.do === "move-to-trash") late.use(await openImage(cluster, image));
        },
      });
      expect(outcome).toMatchObject({
        state: "stopped",
        reason: expect.stringContaining("has the image open"),
      });
      expect(did(outcome.done)).toEqual(["flatten", "flatten", "move-to-trash"]);
    }
    // It comes back whole.
    await cli.rbd("trash", "restore", "--pool", pool, "--image-id", plan.image.id);
    expect(await cli.rbdJson("snap", "ls", image)).toMatchObject([{ name: "s" }]);
  });
});

describe("deletionPlan", () => {
  it("names the lock of a client that is gone, which closes every way of the image and none of a snapshot", async () => {
    const image = `${pool}/locked`;
    await create(image);
    await snap(`${image}@s`);
    await cli.rbd("lock", "add", image, "by hand");
    const plan = await deletionPlan(cluster, image);
    expect(kinds(plan)).toEqual(["lock", "snapshot"]);
    expect(plan.blockers[0]?.hint).toContain("break its lock");
    expect(openWays(plan)).toEqual([]);
    expect(openWays(await deletionPlan(cluster, `${image}@s`))).toEqual(["remove"]);
  });

  it("removes a snapshot while a client has the image open", async () => {
    const image = `${pool}/busy`;
    await create(image);
    await snap(`${image}@s`);
    await using opened = await openImage(cluster, image);
    await opened.write(0, Buffer.from("x"));
    const plan = await deletionPlan(cluster, `${image}@s`);
    expect(plan.blockers).toEqual([]);
    expect(await executeDeletion(cluster, plan, { way: "remove" })).toMatchObject({ state: "done" });
    expect(await cli.rbdJson("snap", "ls", image)).toEqual([]);
  });

  it("does not touch a snapshot that belongs to a group or to mirroring", async () => {
    const image = `${pool}/foreign`;
    await create(image);
    await cli.rbd("group", "create", `${pool}/foreign-group`);
    await cli.rbd("group", "image", "add", `${pool}/foreign-group`, image);
    await cli.rbd("group", "snap", "create", `${pool}/foreign-group@together`);
    const mirrored = `${pool}/mirrored`;
    await create(mirrored);
    await cli.rbd("mirror", "image", "enable", mirrored, "snapshot");
    for (const [owner, kind] of [
      [image, "group-snapshot"],
      [mirrored, "mirror-snapshot"],
    ] as const) {
      const [snapshot] = await cli.rbdJson<{ name: string }[]>("snap", "ls", "--all", owner);
      const [, name = ""] = owner.split("/");
      const plan = await deletionPlan(cluster, {
        pool,
        namespace: "",
        image: name,
        snapshot: `${snapshot?.name}`,
      });
      expect(kinds(plan)).toEqual([kind]);
      expect(openWays(plan)).toEqual([]);
    }
  });

  it("names a migration at both ends, the source being in the trash", async () => {
    const image = `${pool}/moving`;
    await create(image);
    await cli.rbd("migration", "prepare", image, `${other}/moved`);
    const trashed = await cli.rbdJson<{ id: string; name: string }[]>("trash", "ls", "--all", pool);
    const { id } = trashed.find(({ name }) => name === "moving") ?? { id: "" };
    const [source, destination] = [
      await deletionPlan(cluster, { pool, namespace: "", id }),
      await deletionPlan(cluster, `${other}/moved`),
    ];
    expect(source.blockers).toMatchObject([{ kind: "migration", object: "source" }]);
    expect(destination.blockers).toMatchObject([{ kind: "migration", object: "destination" }]);
    for (const plan of [source, destination]) expect(openWays(plan)).toEqual([]);
    await cli.rbd("migration", "abort", "--no-progress", `${other}/moved`);
    expect((await deletionPlan(cluster, image)).blockers).toEqual([]);
  });

  it("waits until the deferment in the trash has passed", async () => {
    const image = `${pool}/kept`;
    await create(image);
    const { id } = await cli.rbdJson<{ id: string }>("info", image);
    await cli.rbd("trash", "mv", "--expires-at", "2099-01-01", image);
    const plan = await deletionPlan(cluster, { pool, namespace: "", id });
    expect(kinds(plan)).toEqual(["deferred"]);
    expect(plan.blockers[0]?.object).toMatch(/^2099|^2098-12-31/);
    expect(openWays(plan)).toEqual([]);
  });

  it("names the pools that this user may not search for clones of a protected snapshot", async () => {
    const image = `${pool}/asked`;
    await create(image);
    await snap(`${image}@s`);
    await cli.rbd("snap", "protect", `${image}@s`);
    const folder = await mkdtemp(join(tmpdir(), "coppice-asker-"));
    const user = freshName("asker");
    try {
      const keyring = join(folder, "keyring");
      const caps = ["mon", "profile rbd", "osd", `allow rwx pool=${pool}`];
      await cli.ceph("auth", "get-or-create", `client.${user}`, ...caps, "-o", keyring);
      await using limited = await connect({ conf: cli.conf, user, settings: { keyring } });
      const plan = await deletionPlan(limited, image);
      expect(
        plan.blockers.filter(({ kind }) => kind === "unasked-pool").map(({ object }) => object),
      ).toContain(other);
      expect(openWays(plan)).toEqual(["trash"]);
      expect(openWays(await deletionPlan(cluster, image))).toEqual(["trash", "remove"]);
    } finally {
      await cli.ceph("auth", "rm", `client.${user}`);
      await rm(folder, { recursive: true });
    }
  });
});
