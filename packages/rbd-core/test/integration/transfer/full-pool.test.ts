import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createImage, openImage } from "../../../src/image/image.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { exportImage } from "../../../src/transfer/export/export-image.ts";
import { importDiff } from "../../../src/transfer/import/import-diff.ts";
import { importImage } from "../../../src/transfer/import/import-image.ts";
import { importRaw } from "../../../src/transfer/import/import-raw.ts";
import { join } from "../../unit/formats/support.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { snapshotNames } from "./image-facts.ts";
import { smallPool } from "./small-pool.ts";

const MiB = 2 ** 20;
/** What a call on an OSD may take: who waits for room in a full pool waits as long. */
const timeoutSeconds = 60;
const { plain, cluster } = await usePlainRbd("full-pool", {
  settings: { rados_osd_op_timeout: String(timeoutSeconds) },
});
const small = await smallPool(cluster, plain, "small");
const source = plain.image("source");

beforeAll(async () => {
  await createImage(cluster, source, { size: 48 * MiB });
  await using image = await openImage(cluster, source);
  await image.write(0, Buffer.alloc(24 * MiB, 1));
  await image.createSnapshot("one");
  await image.write(2 * MiB, Buffer.alloc(30 * MiB, 2));
  await image.writeZeroes(4 * MiB, 8 * MiB);
  await image.resize(40 * MiB, { allowShrink: true });
  await image.createSnapshot("two");
}, 120_000);
afterEach(() => small.setQuota(0));
afterAll(() => cluster.deletePool(small.pool));

/** Has an import meet a full pool in the middle of its source, and looks that it does not wait for room. */
async function expectFull(run: (source: AsyncIterable<Uint8Array>) => Promise<unknown>, bytes: Uint8Array) {
  const middle = Math.floor(bytes.length / MiB / 2) * MiB;
  let fullSince = Number.NaN;
  const filling = (async function* () {
    for (let at = 0; at < bytes.length; at += MiB) {
      if (at === middle) {
        await small.setQuota(1);
        fullSince = performance.now();
      }
      yield bytes.subarray(at, at + MiB);
    }
  })();
  await expect(run(filling)).rejects.toMatchObject({ name: "CoppiceError", code: "QUOTA_EXCEEDED" });
  expect((performance.now() - fullSince) / 1000).toBeLessThan(timeoutSeconds / 2);
}

const imageNames = async () =>
  String(await plain.rbd(["ls", small.pool]))
    .split("\n")
    .filter(Boolean);

describe("a pool that fills up in the middle of", () => {
  it.each(["raw", "image"] as const)(
    "the import of a new image (%s): none is left",
    async (kind) => {
      const image = `${small.pool}/${kind}`;
      const bytes =
        kind === "raw"
          ? await plain.rbd(["export", "--no-progress", source, "-"])
          : await join(exportImage(cluster, { image: source }));
      const run = (from: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) =>
        kind === "raw"
          ? importRaw(cluster, { image, source: from })
          : importImage(cluster, { image, source: from });
      await expectFull(run, bytes);
      expect(await imageNames()).not.toContain(kind);
      await small.setQuota(0);
      await run([bytes]);
      for (const at of kind === "raw" ? [""] : ["", "@one", "@two"]) {
        expect(await plain.contents(`${image}${at}`), at).toBe(await plain.contents(`${source}${at}`));
      }
    },
    180_000,
  );

  it("the import of a diff: there is no new snapshot, and the same call goes through once there is room", async () => {
    const image = `${small.pool}/diff`;
    await createImage(cluster, image, { size: MiB });
    for (const [from, to] of [
      [undefined, "one"],
      ["one", "two"],
    ] as const) {
      const bytes = await join(exportDiff(cluster, { image: source, from, to }));
      await expectFull((pieces) => importDiff(cluster, { image, source: pieces }), bytes);
      expect(await snapshotNames(cluster, image)).toEqual(from === undefined ? [] : [from]);
      const again = () => importDiff(cluster, { image, source: [bytes] });
      const before = await plain.contents(image);
      await expect(again()).rejects.toMatchObject({ name: "CoppiceError", code: "QUOTA_EXCEEDED" });
      expect(await plain.contents(image)).toBe(before);
      await small.setQuota(0);
      await again();
      expect(await plain.contents(`${image}@${to}`)).toBe(await plain.contents(`${source}@${to}`));
    }
    expect(await plain.contents(`${image}@one`)).toBe(await plain.contents(`${source}@one`));
    await using opened = await openImage(cluster, image, { readOnly: true });
    expect([...(await opened.listMetadata()).keys()]).toEqual([]);
  }, 180_000);
});
