import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { beforeAll, expect, it } from "vitest";
import { createImage, openImage } from "../../../src/image/image.ts";
import { createSnapshot } from "../../../src/image/snapshots.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { exportImage } from "../../../src/transfer/export/export-image.ts";
import { exportRawFile } from "../../../src/transfer/export/export-raw.ts";
import { importImage } from "../../../src/transfer/import/import-image.ts";
import { importRaw } from "../../../src/transfer/import/import-raw.ts";
import type { DyingCall } from "../../support/die-at.ts";
import { dieInTransfer } from "../../support/die-in-transfer.ts";
import { everySecond } from "../../support/soak.ts";
import { type PlainRbdPool, usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf, snapshotsAndNotes } from "./image-facts.ts";

const MiB = 2 ** 20;

/** The moment at which the process of an import is killed. */
export interface Moment {
  readonly when: string;
  readonly death: DyingCall;
  /** Whether the image was whole by then. */
  readonly isWhole?: boolean;
}

export interface ImportSource extends PlainRbdPool {
  /** An image with the snapshots `one` and `two`, which is protected, metadata, and a head that differs from both. */
  readonly source: string;
  /** The contents of the head (`""`), `@one` and `@two`. Filled before the first test. */
  readonly contents: ReadonlyMap<string, string>;
}

export const points = ["", "@one", "@two"] as const;

/** Makes what the tests of killed imports read, before the first test of a file. */
export async function useImportSource(name: string): Promise<ImportSource> {
  const { plain, cluster } = await usePlainRbd(name);
  const source = plain.image("source");
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
    for (const at of points) contents.set(at, await contentsOf(cluster, `${source}${at}`));
  }, 120_000);
  return { plain, cluster, source, contents };
}

/** The moments that every import of a new image passes. */
export const newImageMoments: readonly Moment[] = [
  { when: "before it has created the image", death: { call: "createImage" } },
  { when: "before it has opened the image", death: { call: "createImage", late: true } },
  { when: "before it has marked the image", death: { call: "setMetadata" } },
  { when: "before the first byte", death: { call: "setMetadata", late: true } },
  { when: "while it writes", death: { call: "write", nth: 3, late: true } },
  { when: "before the mark is taken away", death: { call: "removeMetadata" } },
  { when: "at its end", death: { call: "removeMetadata", late: true }, isWhole: true },
];

/** The tests of an import that creates an image, whose process is killed. */
export function testKilledImport(
  kind: "image" | "raw",
  { plain, cluster, source, contents }: ImportSource,
  moments: readonly Moment[],
): void {
  beforeAll(async () => {
    if (kind === "image") {
      await pipeline(exportImage(cluster, { image: source }), createWriteStream(plain.file(kind)));
      return;
    }
    await createSnapshot(cluster, `${source}@head`);
    await exportRawFile(cluster, plain.file(kind), { image: source, snapshot: "head" });
  });

  const again = async (image: string) =>
    kind === "image"
      ? await importImage(cluster, { image, source: [await readFile(plain.file(kind))] })
      : await importRaw(cluster, { image, source: [await readFile(plain.file(kind))] });
  const die = (image: string, death: DyingCall) =>
    dieInTransfer(cluster, { conf: plain.conf, import: { kind, image, file: plain.file(kind) }, death });

  async function expectImported(image: string): Promise<void> {
    for (const at of kind === "image" ? points : ([""] as const)) {
      expect(await contentsOf(cluster, `${image}${at}`), at).toBe(contents.get(at));
    }
    const whole = { snapshots: ["one", "two"], notes: ["owner"] };
    expect(await snapshotsAndNotes(cluster, image)).toEqual(
      kind === "image" ? whole : { snapshots: [], notes: [] },
    );
    if (kind === "raw") return;
    await using opened = await openImage(cluster, image, { readOnly: true });
    expect(await opened.isSnapshotProtected("two")).toBe(true);
  }

  it.each(everySecond(moments, 0))("$when: the same call makes it whole", async ({ when, death }) => {
    const image = plain.image(`${kind}-${moments.findIndex((moment) => moment.when === when)}`);
    await die(image, death);
    await again(image);
    await expectImported(image);
  });

  it.each(everySecond(moments, 1))(
    "$when: reconcile leaves nothing half made",
    async ({ when, death, isWhole }) => {
      const image = plain.image(`${kind}-reconciled-${moments.findIndex((moment) => moment.when === when)}`);
      await die(image, death);
      const name = image.split("/").at(-1);
      const results = await reconcile(cluster, { pools: [plain.pool] });
      const ours = results.filter(({ operation }) => operation.image.image === name);
      expect(ours).toMatchObject([{ outcome: isWhole ? "finished" : "undone", error: null }]);
      if (isWhole) await expectImported(image);
      else await expect(openImage(cluster, image)).rejects.toMatchObject({ code: "NOT_FOUND" });
      const left = await listOperations(cluster, { pools: [plain.pool] });
      expect(left.filter((operation) => operation.image.image === name)).toEqual([]);
    },
  );

  it("is removed by the same call, also when that is killed too", async () => {
    const image = plain.image(`${kind}-again`);
    await die(image, { call: "removeMetadata" });
    if (kind === "image") {
      await die(image, { call: "removeSnapshot" });
      await die(image, { call: "removeSnapshot", late: true });
    }
    await die(image, { call: "removeImage" });
    await die(image, { call: "removeImage", late: true });
    await die(image, { call: "removeMetadata" });
    await again(image);
    await expectImported(image);
  });

  it("is left alone when another client took a snapshot of it", async () => {
    const image = plain.image(`${kind}-used`);
    await die(image, { call: "removeMetadata" });
    await createSnapshot(cluster, `${image}@mine`);
    const before = await contentsOf(cluster, image);
    await expect(again(image)).rejects.toMatchObject({ name: "CoppiceError", code: "EXISTS" });
    expect(await contentsOf(cluster, `${image}@mine`)).toBe(before);
  });

  it("is left alone when another client wrote to it", async () => {
    const image = plain.image(`${kind}-written`);
    await die(image, { call: "removeMetadata" });
    {
      await using opened = await openImage(cluster, image, { allowIncomplete: true });
      await opened.write(MiB, Buffer.from("mine"));
    }
    const before = await contentsOf(cluster, image);
    await expect(again(image)).rejects.toMatchObject({ name: "CoppiceError", code: "EXISTS" });
    expect(await contentsOf(cluster, image)).toBe(before);
  });

  it("leaves an image alone that another client created after an import was killed", async () => {
    const image = plain.image(`${kind}-after`);
    await die(image, { call: "createImage" });
    await plain.rbd(["create", "--size", "0", image]);
    await expect(again(image)).rejects.toMatchObject({ name: "CoppiceError", code: "EXISTS" });
    expect(String(await plain.rbd(["info", image]))).toContain("size 0 B");
  });

  it.each(["nothing", "data", "metadata", "a snapshot"])(
    "is not confused with an image of the size it begins with that has %s",
    async (what) => {
      const image = plain.image(`${kind}-foreign-${what.replace(" ", "-")}`);
      await createImage(cluster, image, { size: 0 });
      {
        await using opened = await openImage(cluster, image);
        if (what === "data") {
          await opened.resize(MiB);
          await opened.write(1000, Buffer.from("mine"));
        }
        if (what === "metadata") await opened.setMetadata("mine", "yes");
        if (what === "a snapshot") await opened.createSnapshot("mine");
      }
      const before = [await contentsOf(cluster, image), await snapshotsAndNotes(cluster, image)];
      await expect(again(image)).rejects.toMatchObject({ name: "CoppiceError", code: "EXISTS" });
      expect([await contentsOf(cluster, image), await snapshotsAndNotes(cluster, image)]).toEqual(before);
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
}
