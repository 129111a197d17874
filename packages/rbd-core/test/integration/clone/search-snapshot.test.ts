import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import {
  detailsFromHeader,
  detailsFromImage,
  ImageDeltaReader,
  type SnapshotDetails,
} from "../../../src/clone/search/search-snapshot.ts";
import { openSource, readSourceFacts } from "../../../src/clone/search/source.ts";
import { findZeroDelta } from "../../../src/clone/search/zero-delta.ts";
import { featureBits } from "../../../src/image/features.ts";
import { openImage } from "../../../src/image/image.ts";
import { createSnapshot } from "../../../src/image/snapshots.ts";
import { parseImageSpec } from "../../../src/names/image-spec.ts";
import { imageWithHistory, mib, write } from "../../support/fill.ts";
import { type OwnPool, ownPool } from "../../support/own-pool.ts";

let own: OwnPool;
let source: string;

beforeAll(async () => {
  own = await ownPool("look");
  const base = `${own.pool}/base`;
  source = `${own.pool}/source`;
  // Without deep-flatten the snapshots keep their parent when the image is flattened.
  const features = featureBits(["layering", "exclusive-lock", "object-map", "fast-diff"]);
  await imageWithHistory(own.cluster, base, [], { features });
  await cloneImage(own.cluster, { source: base, target: source });
  await createSnapshot(own.cluster, `${source}@whole`);
  await using image = await openImage(own.cluster, source);
  await image.resize(8 * mib, { allowShrink: true });
  await image.resize(16 * mib);
  await image.createSnapshot("shrunk");
  await image.flatten();
  await image.createSnapshot("flat");
  await write(own.cluster, source, 2 * mib, 4096, 5);
});

afterAll(async () => {
  await own?.cluster.deletePool(own.pool);
  await own?.[Symbol.asyncDispose]();
});

async function facts() {
  const spec = parseImageSpec(source);
  const image = await openSource(own.cluster, spec);
  return { image, facts: await readSourceFacts(own.cluster, spec, image) };
}

describe("the details of a snapshot", () => {
  it("are the same from the header as from librbd", async () => {
    const { image: handle, facts: known } = await facts();
    await using image = handle;
    if (known.history === null) throw new Error("the header does not decode");
    const seen = async (look: SnapshotDetails) =>
      Promise.all(
        known.snapshots.map(async (row) => [row.name, await look.flags(row), await look.hasSameParent(row)]),
      );
    const expected = [
      ["whole", 0n, false],
      ["shrunk", 0n, false],
      ["flat", 0n, true],
    ];
    expect(await seen(detailsFromHeader(known.history))).toEqual(expected);
    const slow: unknown[] = [];
    for (const row of known.snapshots) {
      const look = detailsFromImage(image, known.parent);
      slow.push([row.name, await look.flags(row), await look.hasSameParent(row)]);
    }
    expect(slow).toEqual(expected);
  });

  it("also searches when the header cannot be decoded", async () => {
    await createSnapshot(own.cluster, `${source}@newest`);
    const { image: handle, facts: known } = await facts();
    await using image = handle;
    const ioCtx = await own.cluster.pool(own.pool);
    for (const history of [known.history, null]) {
      const reader = new ImageDeltaReader(ioCtx, image, { ...known, history }, undefined);
      const newestFirst = [...known.snapshots].reverse();
      expect((await findZeroDelta(reader, newestFirst, known.size))?.name).toBe("newest");
      expect(await findZeroDelta(reader, newestFirst.slice(1), known.size)).toBeNull();
    }
  });
});
