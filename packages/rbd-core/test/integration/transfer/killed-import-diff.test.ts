import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Sidecar } from "../../../src/formats/sidecar.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { removeSnapshot } from "../../../src/image/snapshots.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { importDiff } from "../../../src/transfer/import/import-diff.ts";
import type { DyingCall } from "../../support/die-at.ts";
import { dieInTransfer } from "../../support/die-in-transfer.ts";
import { contentsOf, snapshotsAndNotes } from "./image-facts.ts";
import { type Moment, useImportSource } from "./killed-import.ts";

const MiB = 2 ** 20;
const { plain, cluster, source, contents } = await useImportSource("killed-diff");

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
    dieInTransfer(cluster, {
      conf: plain.conf,
      import: { kind: "diff", image, file: plain.file(to), sidecar: sidecars.get(to) },
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
        expect(await contentsOf(cluster, `${image}@${to}`)).toBe(contents.get(`@${to}`));
        expect(await contentsOf(cluster, image)).toBe(contents.get(`@${to}`));
      }
      expect(await contentsOf(cluster, `${image}@one`)).toBe(contents.get("@one"));
      const { snapshots, notes } = await snapshotsAndNotes(cluster, image);
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
    expect(await contentsOf(cluster, `${image}@one`)).toBe(contents.get("@one"));
    expect(await snapshotsAndNotes(cluster, image)).toEqual({ snapshots: ["one"], notes: [] });
  });

  it.each(["a snapshot", "another size", "data"])(
    "is left alone when somebody gave its target %s since",
    async (what) => {
      const image = plain.image(`diff-used-${what.replace(" ", "-")}`);
      await createImage(cluster, image, { size: MiB });
      await die(image, "one", { call: "write", nth: 2, late: true });
      {
        await using opened = await openImage(cluster, image);
        if (what === "a snapshot") await opened.createSnapshot("mine");
        else if (what === "another size") await opened.resize(50 * MiB);
        else await opened.write(0, Buffer.alloc(MiB, "mine"));
      }
      const before = await contentsOf(cluster, image);
      await expect(again(image, "one")).rejects.toMatchObject({ name: "CoppiceError", code: "NOT_EMPTY" });
      expect(await contentsOf(cluster, image)).toBe(before);
    },
  );

  it("does not take an image for its own that was emptied after it had come to its end", async () => {
    const image = plain.image("diff-later");
    await createImage(cluster, image, { size: 32 * MiB });
    await die(image, "one", { call: "removeMetadata" });
    await removeSnapshot(cluster, `${image}@one`);
    const before = await contentsOf(cluster, image);
    await expect(again(image, "one")).rejects.toMatchObject({ name: "CoppiceError", code: "NOT_EMPTY" });
    expect(await contentsOf(cluster, image)).toBe(before);
  });
});
