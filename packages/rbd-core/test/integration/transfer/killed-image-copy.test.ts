import { describe, expect, it } from "vitest";
import { createImage, openImage } from "../../../src/image/image.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { copyImage } from "../../../src/transfer/copy/copy-image.ts";
import { dieInTransfer } from "../../support/die-in-transfer.ts";
import type { Death } from "../../support/transfer-and-die.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { checkObjectMaps, contentsOf, snapshotNames } from "./image-facts.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("killed-image");

async function makeSource(name: string): Promise<string> {
  const source = plain.image(name);
  await createImage(cluster, source, { size: 32 * MiB, objectSize: MiB });
  await using image = await openImage(cluster, source);
  await image.setMetadata("owner", "Zoë");
  await image.write(0, Buffer.alloc(8 * MiB, 1));
  await image.createSnapshot("one");
  await image.write(4 * MiB, Buffer.alloc(8 * MiB, 2));
  await image.resize(20 * MiB, { allowShrink: true });
  await image.createSnapshot("two");
  await image.protectSnapshot("two");
  await image.write(MiB, Buffer.alloc(MiB, 3));
  return source;
}

async function expectCopied(source: string, target: string): Promise<void> {
  for (const at of ["", "@one", "@two"]) {
    expect(await contentsOf(cluster, `${target}${at}`), at).toBe(await contentsOf(cluster, `${source}${at}`));
  }
  // Not the head's: after a rollback, also one by `rbd`, Ceph finds its map wrong where an object is as it was.
  await checkObjectMaps(plain, [`${target}@one`, `${target}@two`], target);
  expect([await snapshotNames(cluster, source), await snapshotNames(cluster, target)]).toEqual([
    ["one", "two"],
    ["one", "two"],
  ]);
  await using image = await openImage(cluster, target, { readOnly: true });
  expect(await image.isSnapshotProtected("two")).toBe(true);
  const notes = [...(await image.listMetadata()).keys()].filter((key) => !key.startsWith("coppice.point."));
  expect(notes).toEqual(["owner"]);
}

const moments: readonly { readonly when: string; readonly death: Death }[] = [
  { when: "before the new image is marked", death: { change: "metadata_set" } },
  { when: "before the snapshot of the head", death: { call: "createSnapshot" } },
  { when: "after the snapshot of the head", death: { call: "createSnapshot", late: true } },
  { when: "while the first snapshot is copied", death: { written: MiB } },
  { when: "before the copied snapshot has its name", death: { change: "snapshot_rename" } },
  { when: "between the two snapshots", death: { change: "snapshot_rename", late: true } },
  { when: "before the second snapshot has its name", death: { change: "snapshot_rename", nth: 2 } },
  { when: "when the head is copied", death: { change: "metadata_remove", nth: 3, late: true } },
  { when: "before the snapshot is protected", death: { call: "protectSnapshot" } },
  { when: "before the snapshot of the head is removed", death: { call: "removeSnapshot" } },
  { when: "before the mark is taken away", death: { change: "metadata_remove", nth: 4 } },
];

describe("copyImage, whose process was killed", () => {
  it.each(moments)(
    "$when: the same call makes it whole and leaves nothing behind",
    async ({ when, death }) => {
      const number = moments.findIndex((moment) => moment.when === when);
      const source = await makeSource(`source-${number}`);
      const target = plain.image(`copy-${number}`);
      const copyOfImage = { image: source, target: { image: target } };
      await dieInTransfer(cluster, { conf: plain.conf, copyImage: copyOfImage, death });
      await copyImage(cluster, { image: source, target: { image: target } });
      await expectCopied(source, target);
    },
  );

  it.each([
    { when: "before the image is marked", death: { call: "createImage", late: true }, outcome: "undone" },
    { when: "before its first snapshot", death: { written: 1 }, outcome: "left" },
    { when: "after its first snapshot", death: { change: "snapshot_rename" }, outcome: "left" },
    { when: "when it is whole", death: { change: "metadata_remove", nth: 4 }, outcome: "finished" },
  ] as const)("$when: reconcile says what stands there: $outcome", async ({ death, outcome }) => {
    const source = await makeSource(`reconciled-${outcome}-${Object.keys(death).join("-")}`);
    const target = plain.image(`reconciled-${outcome}-${Object.keys(death).join("-")}-copy`);
    const copyOfImage = { image: source, target: { image: target } };
    await dieInTransfer(cluster, { conf: plain.conf, copyImage: copyOfImage, death });
    const results = await reconcile(cluster, { pools: [plain.pool] });
    const ours = results.filter(({ operation }) => target.endsWith(`/${operation.image.image}`));
    expect(ours).toMatchObject([{ outcome, error: null }]);
    if (outcome === "undone")
      await expect(openImage(cluster, target)).rejects.toMatchObject({ code: "NOT_FOUND" });
    if (outcome === "left") {
      await expect(openImage(cluster, target)).rejects.toMatchObject({ code: "INCOMPLETE" });
      await copyImage(cluster, copyOfImage);
    }
    if (outcome !== "undone") await expectCopied(source, target);
  });

  it("begins anew when a copied snapshot is not there any more", async () => {
    const [source, target] = [await makeSource("changed"), plain.image("changed-copy")];
    const copy = { image: source, target: { image: target } };
    const death = { change: "snapshot_rename", nth: 2 } as const;
    await dieInTransfer(cluster, { conf: plain.conf, copyImage: copy, death });
    await plain.rbd(["snap", "rm", "--no-progress", `${source}@one`]);
    await copyImage(cluster, copy);
    expect([await snapshotNames(cluster, source), await snapshotNames(cluster, target)]).toEqual([
      ["two"],
      ["two"],
    ]);
    for (const at of ["", "@two"]) {
      expect(await contentsOf(cluster, `${target}${at}`), at).toBe(
        await contentsOf(cluster, `${source}${at}`),
      );
    }
  });

  it("keeps an unfinished image that another client has written to, though its source has lost a snapshot", async () => {
    const [source, target] = [await makeSource("used"), plain.image("used-copy")];
    const copy = { image: source, target: { image: target } };
    const death = { change: "snapshot_rename", nth: 2 } as const;
    await dieInTransfer(cluster, { conf: plain.conf, copyImage: copy, death });
    await plain.rbd(["bench", "--io-type", "write", "--io-size", "4K", "--io-total", "64K", target]);
    await plain.rbd(["snap", "rm", "--no-progress", `${source}@one`]);
    const before = await contentsOf(cluster, target);
    await expect(copyImage(cluster, copy)).rejects.toMatchObject({ code: "INCOMPLETE" });
    expect(await contentsOf(cluster, target)).toBe(before);
  });

  it("keeps an unfinished image that another client has filled, when the copy that continues fails", async () => {
    const [source, target] = [await makeSource("filled"), plain.image("filled-copy")];
    const copy = { image: source, target: { image: target } };
    await dieInTransfer(cluster, { conf: plain.conf, copyImage: copy, death: { written: 1 } });
    await plain.rbd(["bench", "--io-type", "write", "--io-size", "4K", "--io-total", "64K", target]);
    const before = await contentsOf(cluster, target);
    await expect(copyImage(cluster, copy)).rejects.toMatchObject({ code: "NOT_EMPTY" });
    expect(await contentsOf(cluster, target)).toBe(before);
  });

  it("leaves another image of the target's name alone, also an interrupted copy of another image", async () => {
    const [source, other, target] = [
      await makeSource("mine"),
      await makeSource("other"),
      plain.image("taken"),
    ];
    const death = { change: "snapshot_rename" } as const;
    const otherCopy = { image: other, target: { image: target } };
    await dieInTransfer(cluster, { conf: plain.conf, copyImage: otherCopy, death });
    const before = await contentsOf(cluster, target);
    const copy = copyImage(cluster, { image: source, target: { image: target } });
    await expect(copy).rejects.toMatchObject({ code: "EXISTS" });
    expect(await contentsOf(cluster, target)).toBe(before);
    await copyImage(cluster, { image: other, target: { image: target } });
    await expectCopied(other, target);
  });

  it("takes up an image without a mark only when the copy that was killed had created it", async () => {
    const source = await makeSource("layout");
    const copyTo = (target: string) => ({ image: source, target: { image: target } });
    const target = plain.image("layout-own");
    await dieInTransfer(cluster, {
      conf: plain.conf,
      copyImage: copyTo(target),
      death: { call: "createImage", late: true },
    });
    await copyImage(cluster, copyTo(target));
    await expectCopied(source, target);

    const foreign = plain.image("layout-foreign");
    await dieInTransfer(cluster, {
      conf: plain.conf,
      copyImage: copyTo(foreign),
      death: { call: "createImage" },
    });
    await plain.rbd(["create", "--size", "0", "--object-size", "1M", foreign]);
    await expect(copyImage(cluster, copyTo(foreign))).rejects.toMatchObject({ code: "EXISTS" });
    expect(String(await plain.rbd(["info", foreign]))).toContain("size 0 B");
  });

  it.each(["nothing", "metadata", "a snapshot"])(
    "leaves an image alone that was there before and has %s",
    async (what) => {
      const source = await makeSource(`there-${what.replace(" ", "-")}`);
      const target = plain.image(`there-${what.replace(" ", "-")}-copy`);
      await createImage(cluster, target, { size: 0, objectSize: MiB });
      {
        await using image = await openImage(cluster, target);
        if (what === "metadata") await image.setMetadata("owner", "Zoë");
        if (what === "a snapshot") await image.createSnapshot("mine");
      }
      const copy = copyImage(cluster, { image: source, target: { image: target } });
      await expect(copy).rejects.toMatchObject({ code: "EXISTS" });
      await using image = await openImage(cluster, target, { readOnly: true });
      expect((await image.stat()).size).toBe(0);
    },
  );

  it("lets one of two that copy the same go on", async () => {
    const [source, target] = [await makeSource("twice"), plain.image("twice-copy")];
    const copy = { image: source, target: { image: target } };
    const both = await Promise.allSettled([copyImage(cluster, copy), copyImage(cluster, copy)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    for (const one of both) {
      if (one.status === "rejected") expect(["EXISTS", "BUSY"]).toContain(one.reason.code);
    }
    await expectCopied(source, target);
  });
});
