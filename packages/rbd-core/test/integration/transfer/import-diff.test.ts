import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Sidecar } from "../../../src/formats/sidecar.ts";
import { compressZstd } from "../../../src/formats/zstd.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { importDiff } from "../../../src/transfer/import/import-diff.ts";
import { encode, join, write } from "../../unit/formats/support.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf, snapshotNames } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const { plain, cluster } = await usePlainRbd("import");

async function exported(
  image: string,
  to: string,
  from?: string,
): Promise<{ bytes: Buffer; sidecar: Sidecar }> {
  let sidecar: Sidecar | undefined;
  const bytes = await join(
    exportDiff(cluster, {
      image,
      to,
      from,
      onSidecar: (made) => {
        sidecar = made;
      },
    }),
  );
  if (sidecar === undefined) throw new Error("no sidecar");
  return { bytes, sidecar };
}

/** A source of two points, and a target that holds the first. */
async function pair(name: string): Promise<{ source: string; target: string }> {
  const [source, target] = [plain.image(name), plain.image(`${name}-copy`)];
  await createImage(cluster, source, { size: 8 << 20, objectSize: 1 << 20 });
  await createImage(cluster, target, { size: 1 << 20, objectSize: 1 << 20 });
  await using image = await openImage(cluster, source);
  await image.write(1 << 20, Buffer.alloc(3 << 20, "one"));
  await image.createSnapshot("one");
  await image.write(2 << 20, Buffer.alloc(4096, "two"));
  await image.writeZeroes(3 << 20, 1 << 20);
  await image.resize(12 << 20);
  await image.write(11 << 20, Buffer.alloc(1 << 20, "end"));
  await image.createSnapshot("two");
  const { bytes, sidecar } = await exported(source, "one");
  await importDiff(cluster, { image: target, source: [bytes], sidecar });
  return { source, target };
}

describe("importDiff", () => {
  it.each([20, 21, 22, 23, 24, 25, 26, 27])(
    "takes what rbd export-diff wrote, point by point (seed %d)",
    async (seed) => {
      const maps = (["on", "off", "invalid"] as const)[seed % 3] ?? "on";
      const name = `source-${seed}`;
      const { spec, snapshots, description } = await makeRandomImage(
        cluster,
        plain.pool,
        name,
        new Random(seed),
        maps,
      );
      const target = plain.image(`target-${seed}`);
      await createImage(cluster, target, { size: 0, objectSize: 1 << 18 });
      for (const [index, to] of snapshots.entries()) {
        const from = snapshots[index - 1];
        const start = from === undefined ? [] : ["--from-snap", from];
        const file = plain.file(`${seed}-${to}`);
        // What plain rbd leaves out where a clone lost a part of its parent, ours puts in: take ours then.
        const isClone = description.startsWith("clone");
        if (isClone) {
          const { bytes } = await exported(spec, to, from);
          await importDiff(cluster, { image: target, source: [bytes] });
        } else {
          await plain.rbd(["export-diff", "--no-progress", ...start, `${spec}@${to}`, file]);
          await importDiff(cluster, { image: target, source: [await readFile(file)] });
        }
        const [ours, theirs] = [
          await contentsOf(cluster, `${target}@${to}`),
          await contentsOf(cluster, `${spec}@${to}`),
        ];
        expect(ours, `${description}, ${to}`).toBe(theirs);
      }
    },
  );

  it("takes compressed diffs, and checks identity and digest by the sidecar", async () => {
    const { source, target } = await pair("sound");
    const { bytes, sidecar } = await exported(source, "two", "one");
    const result = await importDiff(cluster, { image: target, source: compressZstd([bytes]), sidecar });
    expect(result).toMatchObject({ rolledBack: false, header: { from: "one", to: "two", size: 12 << 20 } });
    expect(await contentsOf(cluster, `${target}@two`)).toBe(await contentsOf(cluster, `${source}@two`));
    expect(await plain.contents(`${target}@two`)).toBe(await plain.contents(`${source}@two`));
  });

  it("rolls a head back that is not what the from-snapshot holds, and says so", async () => {
    const { source, target } = await pair("written");
    {
      await using image = await openImage(cluster, target);
      await image.write(0, Buffer.alloc(100, "stray"));
      await image.resize(20 << 20);
    }
    const { bytes, sidecar } = await exported(source, "two", "one");
    const result = await importDiff(cluster, { image: target, source: [bytes], sidecar });
    expect(result.rolledBack).toBe(true);
    expect(await contentsOf(cluster, `${target}@two`)).toBe(await contentsOf(cluster, `${source}@two`));
  });

  it("leaves the target at the from-snapshot when the diff is damaged anywhere", async () => {
    const { source, target } = await pair("damaged");
    const before = await contentsOf(cluster, `${target}@one`);
    const { bytes, sidecar } = await exported(source, "two", "one");
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(bytes.length - 200) ^ 1, bytes.length - 200);
    const failures: [Uint8Array, string][] = [
      [bytes.subarray(0, -1), "TRUNCATED"],
      [bytes.subarray(0, bytes.length / 2), "TRUNCATED"],
      [Buffer.concat([bytes, Buffer.from("e")]), "TRAILING_DATA"],
      [flipped, "DIGEST_MISMATCH"],
    ];
    for (const [damaged, code] of failures) {
      await expect(importDiff(cluster, { image: target, source: [damaged], sidecar })).rejects.toMatchObject({
        code,
      });
      expect(await contentsOf(cluster, target)).toBe(before);
      expect(await snapshotNames(cluster, target)).toEqual(["one"]);
    }
    await importDiff(cluster, { image: target, source: [bytes], sidecar });
    expect(await contentsOf(cluster, target)).toBe(await contentsOf(cluster, `${source}@two`));
  });

  it("empties the target again when a diff from nothing fails, or is aborted", async () => {
    const target = plain.image("empty");
    await createImage(cluster, target, { size: 3 << 20 });
    const before = await contentsOf(cluster, target);
    const bytes = await encode({ to: "x", size: 9 << 20 }, write(0, Buffer.alloc(9 << 20, 1)));
    const cut = importDiff(cluster, { image: target, source: [bytes.subarray(0, -1)] });
    await expect(cut).rejects.toMatchObject({ code: "TRUNCATED" });
    expect(await contentsOf(cluster, target)).toBe(before);

    const abort = new AbortController();
    const aborted = importDiff(cluster, {
      image: target,
      source: [bytes],
      signal: abort.signal,
      onProgress: () => abort.abort(new Error("enough")),
    });
    await expect(aborted).rejects.toThrow("enough");
    expect(await contentsOf(cluster, target)).toBe(before);
    await importDiff(cluster, { image: target, source: [bytes] });
    expect(await snapshotNames(cluster, target)).toEqual(["x"]);
  });

  it("protects the snapshot where the diff says that its own is, and keeps nothing else on the image", async () => {
    const target = plain.image("protected");
    await createImage(cluster, target, { size: 1 << 20 });
    const header = { to: "x", size: 1 << 20, protected: true };
    const bytes = await encode(header, write(5000, Buffer.alloc(5000, 1)), { version: 2 });
    await importDiff(cluster, { image: target, source: [bytes] });
    await using image = await openImage(cluster, target, { readOnly: true });
    expect((await image.listSnapshots()).map(({ name, protected: is }) => [name, is])).toEqual([["x", true]]);
    expect((await image.listMetadata()).size).toBe(0);
  });

  it("zeroes what the same stream wrote before, as rbd import-diff does", async () => {
    const [target, witness] = [plain.image("rewritten"), plain.image("rewritten-witness")];
    await createImage(cluster, target, { size: 8 << 20, objectSize: 1 << 20 });
    await plain.rbd(["create", "--size", "8M", witness]);
    const records = [
      ...write(0, Buffer.alloc(4 << 20, 1)),
      { type: "zero" as const, offset: 1 << 20, length: 1 << 20 },
    ];
    const bytes = await encode({ to: "x", size: 8 << 20 }, records, { order: "any" });
    await plain.rbd(["import-diff", "--no-progress", "-", witness], bytes);
    await importDiff(cluster, { image: target, source: [bytes] });
    expect(await plain.contents(`${target}@x`)).toBe(await plain.contents(`${witness}@x`));
  });

  it("refuses what does not belong on the target, and touches nothing", async () => {
    const { source, target } = await pair("refused");
    const { bytes, sidecar } = await exported(source, "two", "one");
    const before = await contentsOf(cluster, target);
    const refused = (options: { source?: Buffer; sidecar?: Sidecar; image?: string }) =>
      expect(importDiff(cluster, { image: target, ...options, source: [options.source ?? bytes] })).rejects;

    const full = await exported(source, "two");
    await refused({ source: full.bytes, sidecar: full.sidecar }).toMatchObject({ code: "NOT_EMPTY" });
    const other = { ...sidecar, from: { name: "one", id: "999" } };
    await refused({ sidecar: other }).toMatchObject({ code: "NOT_A_COPY" });
    const elsewhere = { ...sidecar, source: { ...sidecar.source, imageId: "abc" } };
    await refused({ sidecar: elsewhere }).toMatchObject({ code: "NOT_A_COPY" });
    await refused({ sidecar: { ...sidecar, size: 1 } }).toMatchObject({ code: "BAD_SIDECAR" });
    const strange = await encode({ from: "gone", to: "x", size: 1 }, []);
    await refused({ source: strange }).toMatchObject({ code: "NOT_FOUND" });
    const again = await encode({ from: "one", to: "one", size: 1 }, []);
    await refused({ source: again }).toMatchObject({ code: "EXISTS" });
    expect(await contentsOf(cluster, target)).toBe(before);

    // Made by plain rbd, nothing is recorded of whose copy it is.
    const foreign = plain.image("foreign");
    await plain.rbd(["create", "--size", "1M", foreign]);
    const first = await exported(source, "one");
    await plain.rbd(["import-diff", "--no-progress", "-", foreign], first.bytes);
    await refused({ image: foreign, sidecar }).toMatchObject({ code: "NOT_A_COPY" });
    await importDiff(cluster, { image: foreign, source: [bytes], sidecar, trustNames: true });
    expect(await contentsOf(cluster, `${foreign}@two`)).toBe(await contentsOf(cluster, `${source}@two`));
  });
});
