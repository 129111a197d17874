import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { planClone } from "../../../src/clone/index.ts";
import { createImage, removeImage } from "../../../src/image/image.ts";
import {
  createSnapshot,
  protectSnapshot,
  removeSnapshot,
  unprotectSnapshot,
} from "../../../src/image/snapshots.ts";
import { cloneTemplate, isCloneable } from "../../../src/template/clone-template.ts";
import { importTemplate } from "../../../src/template/import-template.ts";
import { previewRemoveTemplate, removeTemplate } from "../../../src/template/remove-template.ts";
import { breakRemoval } from "../../support/break-removal.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("template");
const { pool } = own;
let count = 0;

async function template(): Promise<string> {
  const target = `${pool}/template-${count++}`;
  await importTemplate(own.cluster, { target, source: Readable.from([Buffer.alloc(100_000, 3)]) });
  return target;
}

const url = (spec: string, snapshot = "snap") => `rbd://${own.cluster.fsid}/${spec}/${snapshot}`;

describe("removeTemplate", () => {
  it("ends where Glance's own sequence of commands ends: nothing is left", async () => {
    const before = await own.look();
    await removeTemplate(own.cluster, { template: await template() });
    await removeTemplate(own.cluster, { template: url(await template()) });
    expect(await own.look()).toEqual(before);
  });

  it("refuses while it has clones, and names each one", async () => {
    const spec = await template();
    const other = `${pool}-disks`;
    await own.cluster.createPool(other);
    await cloneTemplate(own.cluster, { template: spec, target: `${pool}/disk-1` });
    await cloneTemplate(own.cluster, { template: url(spec), target: `${other}/disk-2` });
    await own.witness.rbd("trash", "mv", `${other}/disk-2`);
    const before = await own.look(pool, other);
    const preview = await previewRemoveTemplate(own.cluster, spec);
    expect(preview.clones.map(({ spec: { image }, inTrash }) => [image, inTrash]).toSorted()).toEqual([
      ["disk-1", false],
      ["disk-2", true],
    ]);
    await expect(removeTemplate(own.cluster, { template: spec })).rejects.toMatchObject({
      code: "BUSY",
      message: expect.stringMatching(
        new RegExp(`${pool}/disk-1 .*${other}/disk-2|${other}/disk-2 .*${pool}/disk-1`),
      ),
    });
    expect(await own.look(pool, other)).toEqual(before);
  });

  it.each([
    [
      "an image that is no template",
      async () => {
        await own.witness.rbd("create", "--size", "1M", `${pool}/plain`);
        return `${pool}/plain`;
      },
      "NOT_FOUND",
      'has no snapshot "snap"',
    ],
    ["no such image", async () => `${pool}/nothing`, "NOT_FOUND", "nothing"],
    [
      "a template with another snapshot",
      async () => {
        const spec = await template();
        await own.witness.rbd("snap", "create", "--no-progress", `${spec}@mine`);
        return spec;
      },
      "NOT_EMPTY",
      "1 snapshot (@mine)",
    ],
  ] as const)("refuses %s", async (_, make, code, message) => {
    const spec = await make();
    const before = await own.look();
    await expect(removeTemplate(own.cluster, { template: spec })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await own.look()).toEqual(before);
  });

  it("names the client that has it open, and leaves it as it was", async () => {
    const spec = await template();
    const before = await own.look();
    await using ioCtx = await own.native.openPool(pool);
    {
      await using image = await ioCtx.openImage(spec.slice(pool.length + 1));
      const [watcher] = await image.listWatchers();
      const removing = removeTemplate(own.cluster, { template: spec, attempts: 2, pause: async () => {} });
      await expect(removing).rejects.toMatchObject({
        code: "BUSY",
        message: expect.stringContaining(`at ${watcher?.address} has it open`),
      });
    }
    expect(await own.look()).toEqual(before);
  });
});

describe("removeTemplate loses nothing that it does not name", { timeout: 300_000 }, () => {
  it.each([false, true])("when any call fails (late: %s)", async (late) => {
    const place = `${pool}-broken-${late}`;
    await own.cluster.createPool(place);
    const spec = `${place}/template`;
    const { broken } = await breakRemoval({
      own,
      pool: place,
      late,
      make: async () => {
        await createImage(own.cluster, spec, { size: 1024 ** 2 });
        await createSnapshot(own.cluster, `${spec}@snap`);
        await protectSnapshot(own.cluster, `${spec}@snap`);
      },
      flow: (cluster) => removeTemplate(cluster, { template: spec }),
      clear: async () => {
        await unprotectSnapshot(own.cluster, `${spec}@snap`);
        await removeSnapshot(own.cluster, `${spec}@snap`);
        await removeImage(own.cluster, spec);
      },
    });
    expect([...broken]).toEqual(
      expect.arrayContaining(["trashMove", "unprotectSnapshot", "removeSnapshot", "trashRemove"]),
    );
  });
});

describe("isCloneable", () => {
  it("returns what to clone", async () => {
    const spec = await template();
    expect(await isCloneable(own.cluster, { url: url(spec), format: "raw" })).toEqual({
      cloneable: true,
      source: { pool, namespace: "", image: spec.slice(pool.length + 1), snapshot: "snap" },
    });
  });

  it.each<[string, string, (spec: string) => { url: string; format: string }]>([
    ["bad-url", "where four are needed", (spec) => ({ url: `rbd://${spec}`, format: "raw" })],
    [
      "other-cluster",
      "in the cluster another",
      (spec) => ({ url: `rbd://another/${spec}/snap`, format: "raw" }),
    ],
    ["not-raw", "the template's format is qcow2", (spec) => ({ url: url(spec), format: "qcow2" })],
    ["no-such-snapshot", "@nothing", (spec) => ({ url: url(spec, "nothing"), format: "raw" })],
    ["no-such-snapshot", "nowhere", () => ({ url: url("nowhere/image"), format: "raw" })],
    ["no-such-snapshot", "/nothing@snap", () => ({ url: url(`${pool}/nothing`), format: "raw" })],
  ])("refuses with %s: %s", async (reason, message, about) => {
    expect(await isCloneable(own.cluster, about(await template()))).toEqual({
      cloneable: false,
      reason,
      message: expect.stringContaining(message),
    });
  });

  it("refuses an image of 0 bytes, and so does the plan of a clone", async () => {
    const spec = `${pool}/empty`;
    await own.witness.rbd("create", "--size", "0", spec);
    await own.witness.rbd("snap", "create", "--no-progress", `${spec}@snap`);
    expect(await isCloneable(own.cluster, { url: url(spec), format: "raw" })).toMatchObject({
      reason: "empty",
    });
    const planning = planClone(own.cluster, { source: spec, target: `${pool}/clone-of-empty` });
    await expect(planning).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("a size of 0 bytes"),
    });
  });

  it("refuses an image without layering", async () => {
    const spec = `${pool}/flat`;
    await own.witness.rbd("create", "--image-feature", "exclusive-lock", "--size", "1M", spec);
    await own.witness.rbd("snap", "create", "--no-progress", `${spec}@snap`);
    expect(await isCloneable(own.cluster, { url: url(spec), format: "raw" })).toMatchObject({
      reason: "no-layering",
    });
  });

  it("refuses an image of format 1", async () => {
    await own.witness.rbd("create", "--image-format", "1", "--size", "1M", `${pool}/old`);
    await own.witness.rbd("snap", "create", "--no-progress", `${pool}/old@snap`);
    expect(await isCloneable(own.cluster, { url: url(`${pool}/old`), format: "raw" })).toMatchObject({
      reason: "old-format",
    });
  });
});
