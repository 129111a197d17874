import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSteps } from "rbd-native";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { importTemplate } from "../../../src/template/index.ts";
import type { DyingCall } from "../../support/die-at.ts";
import { dieInTransfer } from "../../support/die-in-transfer.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-template");
const disk = Buffer.alloc(300_000, 5);
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "coppice-killed-template-"));
  file = join(folder, "disk.raw");
  await writeFile(file, disk);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const die = (image: string, death: DyingCall) =>
  dieInTransfer(own.cluster, { conf: own.conf, import: { kind: "template", image, file }, death });

async function expectTemplate(target: string): Promise<void> {
  const ioCtx = await own.cluster.pool(own.pool);
  expect(await readOperations(ioCtx)).toEqual([]);
  await using image = await ioCtx.openImage(String(target.split("/")[1]), { readOnly: true });
  expect(await image.listSnapshots()).toMatchObject([{ name: "snap", protected: true }]);
  expect([...(await image.listMetadata()).keys()]).toEqual([]);
  await image.setSnapshot("snap");
  expect(await image.size()).toBe(disk.length);
  expect((await image.read(0, disk.length)).equals(disk)).toBe(true);
}

describe("importTemplate, whose process was killed", () => {
  // The moments of every import are in the tests of `importRaw`.
  const moments: readonly [when: string, death: DyingCall, reconciled: "undone" | "finished"][] = [
    ["before the snapshot is protected", { call: "protectSnapshot" }, "undone"],
    ["at its end", { call: "removeMetadata", late: true }, "finished"],
  ];

  it.each(moments)("%s: the same call makes it", async (_, death) => {
    const target = `${own.pool}/again-${death.call}`;
    await die(target, death);
    await importTemplate(own.cluster, { target, source: { file } });
    await expectTemplate(target);
  });

  it("within librbd's creation, when the name is in the directory alone: the same call makes it", async () => {
    const target = `${own.pool}/listed`;
    await die(target, { call: "createImage", late: true });
    const ioCtx = await own.cluster.pool(own.pool);
    const { id } = (await ioCtx.listImages()).find(({ name }) => name === "listed") ?? {};
    for (const object of ["rbd_id.listed", `rbd_header.${id}`, `rbd_object_map.${id}`]) {
      await ioCtx.objects.write(object, [writeSteps.remove()]);
    }
    await expect(own.rbd("create", "--size", "1M", target)).rejects.toThrow(/exists/);
    await importTemplate(own.cluster, { target, source: { file } });
    await expectTemplate(target);
  });

  it.each(moments)("%s: reconcile leaves nothing half made", async (_, death, expected) => {
    const target = `${own.pool}/reconciled-${death.call}`;
    await die(target, death);
    expect(await reconcile(own.cluster, { pools: [own.pool] })).toMatchObject([{ outcome: expected }]);
    if (expected === "finished") return await expectTemplate(target);
    const images = await (await own.cluster.pool(own.pool)).listImages();
    expect(images.filter(({ name }) => target.endsWith(name))).toEqual([]);
  });
});
