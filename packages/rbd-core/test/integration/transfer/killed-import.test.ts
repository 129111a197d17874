import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Sidecar } from "../../../src/formats/sidecar.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { exportImage } from "../../../src/transfer/export/export-image.ts";
import { importDiff } from "../../../src/transfer/import/import-diff.ts";
import { importImage } from "../../../src/transfer/import/import-image.ts";
import { importRaw } from "../../../src/transfer/import/import-raw.ts";
import { unmarkedSize } from "../../../src/transfer/new-image.ts";
import type { DyingCall } from "../../support/die-at.ts";
import { dieInImport } from "../../support/die-in-copy.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("killed-import");
const source = plain.image("source");
const points = ["", "@one", "@two"] as const;
const contents = new Map<string, string>();

beforeAll(async () => {
  await createImage(cluster, source, { size: 32 * MiB });
  await using image = await openImage(cluster, source);
  await image.setMetadata("owner", "Zoë");
  await image.write(2 * MiB, Buffer.alloc(15 * MiB, 1));
  await image.createSnapshot("one");
  await image.write(8 * MiB, Buffer.alloc(9 * MiB, 2));
  await image.resize(24 * MiB, { allowShrink: true });
  await image.createSnapshot("two");
  await image.protectSnapshot("two");
  await image.write(MiB, Buffer.alloc(MiB, 3));
  for (const at of points) contents.set(at, await plain.contents(`${source}${at}`));
  await pipeline(exportImage(cluster, { image: source }), createWriteStream(plain.file("image")));
  await plain.rbd(["export", "--no-progress", source, plain.file("raw")]);
}, 120_000);

async function snapshotsAndNotes(image: string): Promise<{ snapshots: string[]; notes: string[] }> {
  await using opened = await openImage(cluster, image, { readOnly: true });
  const listed = await opened.listSnapshots();
  const recorded = new Set(listed.map(({ id }) => `coppice.point.${id}`));
  const notes = [...(await opened.listMetadata()).keys()].filter((key) => !recorded.has(key));
  return { snapshots: listed.map(({ name }) => name), notes };
}

interface Moment {
  readonly when: string;
  readonly death: DyingCall;
  /** Whether all was done by then, so that the next call finds it there. */
  readonly isWhole?: boolean;
}

describe.each(["image", "raw"] as const)("an import of a new image (%s) whose process was killed", (kind) => {
  const again = async (image: string) =>
    kind === "image"
      ? await importImage(cluster, { image, source: [await readFile(plain.file(kind))] })
      : await importRaw(cluster, { image, source: [await readFile(plain.file(kind))] });
  const die = (image: string, death: DyingCall) =>
    dieInImport(plain, { conf: plain.conf, kind, image, file: plain.file(kind), death });

  async function expectImported(image: string): Promise<void> {
    for (const at of kind === "image" ? points : ([""] as const)) {
      expect(await plain.contents(`${image}${at}`), at).toBe(contents.get(at));
    }
    const whole = { snapshots: ["one", "two"], notes: ["owner"] };
    expect(await snapshotsAndNotes(image)).toEqual(kind === "image" ? whole : { snapshots: [], notes: [] });
    if (kind === "raw") return;
    await using opened = await openImage(cluster, image, { readOnly: true });
    expect(await opened.isSnapshotProtected("two")).toBe(true);
  }

  const moments: readonly Moment[] = [
    { when: "before it has created the image", death: { call: "createImage" } },
    { when: "before it has opened the image", death: { call: "createImage", late: true } },
    { when: "before it has marked the image", death: { call: "setMetadata" } },
    { when: "before the first byte", death: { call: "setMetadata", late: true } },
    { when: "while it writes", death: { call: "write", nth: 3, late: true } },
    { when: "before the mark is taken away", death: { call: "removeMetadata" } },
    { when: "at its end", death: { call: "removeMetadata", late: true }, isWhole: true },
  ];
  const ofSnapshots: readonly Moment[] = [
    { when: "before a snapshot", death: { call: "createSnapshot" } },
    { when: "after a snapshot", death: { call: "createSnapshot", late: true } },
    { when: "before the second snapshot", death: { call: "createSnapshot", nth: 2 } },
    { when: "before a snapshot is protected", death: { call: "protectSnapshot" } },
    { when: "after a snapshot was protected", death: { call: "protectSnapshot", late: true } },
  ];
  const all = kind === "image" ? [...moments, ...ofSnapshots] : moments;

  it.each(all)("$when: the same call makes it whole", async ({ when, death, isWhole }) => {
    const image = plain.image(`${kind}-${all.findIndex((moment) => moment.when === when)}`);
    await die(image, death);
    if (isWhole) await expect(again(image)).rejects.toMatchObject({ name: "CoppiceError", code: "EXISTS" });
    else await again(image);
    await expectImported(image);
  });

  it("is removed by the same call, also when that is killed too", async () => {
    const image = plain.image(`${kind}-again`);
    await die(image, { call: "removeMetadata" });
    if (kind === "image") {
      await die(image, { call: "removeSnapshot" });
      await die(image, { call: "removeSnapshot", late: true });
    }
    await die(image, { call: "removeImage" });
    await die(image, { call: "removeImage", late: true });
    await again(image);
    await expectImported(image);
  });

  it("is left alone when somebody took a snapshot of it", async () => {
    const image = plain.image(`${kind}-used`);
    await die(image, { call: "removeMetadata" });
    await plain.rbd(["snap", "create", "--no-progress", `${image}@mine`]);
    const before = await plain.contents(image);
    await expect(again(image)).rejects.toMatchObject({ name: "CoppiceError", code: "EXISTS" });
    expect(await plain.contents(`${image}@mine`)).toBe(before);
  });

  it.each(["data", "metadata", "a snapshot"])(
    "is not what an image of the size it begins with, and %s, is taken for",
    async (what) => {
      const image = plain.image(`${kind}-foreign-${what.replace(" ", "-")}`);
      await createImage(cluster, image, { size: unmarkedSize });
      {
        await using opened = await openImage(cluster, image);
        if (what === "data") await opened.write(1000, Buffer.from("mine"));
        if (what === "metadata") await opened.setMetadata("mine", "yes");
        if (what === "a snapshot") await opened.createSnapshot("mine");
      }
      const before = [await plain.contents(image), await snapshotsAndNotes(image)];
      await expect(again(image)).rejects.toMatchObject({ name: "CoppiceError", code: "EXISTS" });
      expect([await plain.contents(image), await snapshotsAndNotes(image)]).toEqual(before);
    },
  );

  it("lets one of two to the same name go on", async () => {
    const image = plain.image(`${kind}-twice`);
    const both = await Promise.allSettled([again(image), again(image)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    for (const one of both) {
      if (one.status === "rejected") expect(["EXISTS", "BUSY"]).toContain(one.reason.code);
    }
    await expectImported(image);
  });
});

describe("importDiff, whose process was killed", () => {
  const sidecars = new Map<string, Sidecar>();
  beforeAll(async () => {
    for (const [from, to] of [
      [undefined, "one"],
      ["one", "two"],
    ] as const) {
      const diff = exportDiff(cluster, {
        image: source,
        from,
        to,
        onSidecar: (made) => {
          sidecars.set(to, made);
        },
      });
      await pipeline(diff, createWriteStream(plain.file(to)));
    }
  });

  const again = async (image: string, to: string) =>
    importDiff(cluster, { image, source: [await readFile(plain.file(to))], sidecar: sidecars.get(to) });
  const die = (image: string, to: string, death: DyingCall) =>
    dieInImport(plain, {
      conf: plain.conf,
      kind: "diff",
      image,
      file: plain.file(to),
      sidecar: sidecars.get(to),
      death,
    });

  const moments: readonly Moment[] = [
    { when: "before it notes what it does", death: { call: "setMetadata" } },
    { when: "before it changes the size", death: { call: "setMetadata", late: true } },
    { when: "before the first byte", death: { call: "resize", late: true } },
    { when: "while it writes", death: { call: "write", nth: 2, late: true } },
    { when: "before the snapshot", death: { call: "createSnapshot" } },
    { when: "after the snapshot, before its record", death: { call: "createSnapshot", late: true } },
    { when: "after the record", death: { call: "setMetadata", nth: 2, late: true } },
    { when: "before the snapshot gets its name", death: { call: "renameSnapshot" } },
    { when: "after the snapshot got its name", death: { call: "renameSnapshot", late: true }, isWhole: true },
    { when: "at its end", death: { call: "removeMetadata", late: true }, isWhole: true },
  ];

  it.each(moments)(
    "$when: a full one and an increment are made whole by the same call",
    async ({ when, death, isWhole }) => {
      const image = plain.image(`diff-${moments.findIndex((moment) => moment.when === when)}`);
      await createImage(cluster, image, { size: MiB });
      for (const to of ["one", "two"]) {
        await die(image, to, death);
        if (isWhole) await expect(again(image, to)).rejects.toMatchObject({ code: "EXISTS" });
        else await again(image, to);
        expect(await plain.contents(`${image}@${to}`)).toBe(contents.get(`@${to}`));
        expect(await plain.contents(image)).toBe(contents.get(`@${to}`));
      }
      expect(await plain.contents(`${image}@one`)).toBe(contents.get("@one"));
      const { snapshots, notes } = await snapshotsAndNotes(image);
      expect(snapshots).toEqual(["one", "two"]);
      if (!isWhole) expect(notes).toEqual([]);
    },
  );

  it("is taken back by the same call, also when that is killed too", async () => {
    const image = plain.image("diff-again");
    await createImage(cluster, image, { size: MiB });
    await die(image, "one", { call: "renameSnapshot" });
    await die(image, "one", { call: "removeMetadata", late: true });
    await die(image, "one", { call: "removeSnapshot", late: true });
    await die(image, "one", { call: "resize" });
    await die(image, "one", { call: "resize", late: true });
    await die(image, "one", { call: "resize", nth: 2, late: true });
    expect(await again(image, "one")).toMatchObject({ rolledBack: true });
    expect(await plain.contents(`${image}@one`)).toBe(contents.get("@one"));
    expect(await snapshotsAndNotes(image)).toEqual({ snapshots: ["one"], notes: [] });
  });

  it.each(["a snapshot", "another size"])(
    "is left alone when somebody gave its target %s since",
    async (what) => {
      const image = plain.image(`diff-used-${what.replace(" ", "-")}`);
      await createImage(cluster, image, { size: MiB });
      await die(image, "one", { call: "write", nth: 2, late: true });
      if (what === "a snapshot") await plain.rbd(["snap", "create", "--no-progress", `${image}@mine`]);
      else await plain.rbd(["resize", "--no-progress", "--size", "50M", image]);
      const before = await plain.contents(image);
      await expect(again(image, "one")).rejects.toMatchObject({ name: "CoppiceError", code: "NOT_EMPTY" });
      expect(await plain.contents(image)).toBe(before);
    },
  );

  it("does not take an image for its own that was emptied after it had come to its end", async () => {
    const image = plain.image("diff-later");
    await createImage(cluster, image, { size: 32 * MiB });
    await die(image, "one", { call: "removeMetadata" });
    await plain.rbd(["snap", "rm", "--no-progress", `${image}@one`]);
    const before = await plain.contents(image);
    await expect(again(image, "one")).rejects.toMatchObject({ name: "CoppiceError", code: "NOT_EMPTY" });
    expect(await plain.contents(image)).toBe(before);
  });
});
