import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readChangedRanges } from "../../../src/clone/search/search-snapshot.ts";
import { openSource, readSourceFacts } from "../../../src/clone/search/source.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { parseImageSpec } from "../../../src/names/image-spec.ts";
import { mib } from "../../support/fill.ts";
import { type OwnPool, ownPool } from "../../support/own-pool.ts";

let own: OwnPool;

beforeAll(async () => {
  own = await ownPool("ranges");
});

afterAll(async () => {
  await own?.cluster.deletePool(own.pool);
  await own?.[Symbol.asyncDispose]();
});

const size = 40 * mib;
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("write" as const), at: fc.nat({ max: 39 }) }),
    fc.record({ do: fc.constant("discard" as const), at: fc.nat({ max: 39 }) }),
    fc.constant({ do: "snapshot" as const }),
  ),
  { minLength: 3, maxLength: 14 },
);
const layouts = fc.constantFrom(
  {},
  { objectSize: mib },
  { objectSize: 2 * mib, stripeUnit: 256 * 1024, stripeCount: 4 },
);

/** Bytes covered, by set of objects: librbd cuts the extents of a striped image finer. */
function setsOf(ranges: Iterable<{ offset: number; length: number }>, setBytes: number): number[] {
  const sets = new Set<number>();
  for (const { offset, length } of ranges) {
    for (let at = Math.floor(offset / setBytes); at * setBytes < offset + length; at++) sets.add(at);
  }
  return [...sets].sort((a, b) => a - b);
}

describe("changed ranges from object maps", { timeout: 120_000 }, () => {
  it("are those of librbd's own fast diff, from every snapshot", async () => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(steps, layouts, async (history, layout) => {
        const spec = parseImageSpec(`${own.pool}/image-${n++}`);
        await createImage(own.cluster, spec, { size, ...layout });
        {
          await using image = await openImage(own.cluster, spec);
          for (const [index, step] of history.entries()) {
            if (step.do === "write") await image.write(step.at * mib, Buffer.alloc(4096, index + 1));
            if (step.do === "discard")
              await image.discard(step.at * mib, Math.min(4 * mib, size - step.at * mib));
            if (step.do === "snapshot") await image.createSnapshot(`s${index}`);
          }
        }
        await using image = await openSource(own.cluster, spec);
        const facts = await readSourceFacts(own.cluster, spec, image);
        const ioCtx = await own.cluster.pool(own.pool);
        for (const snapshot of facts.snapshots) {
          const ranges = await readChangedRanges(ioCtx, facts, snapshot, undefined);
          if (typeof ranges === "string") throw new Error(`the object maps are ${ranges}`);
          const theirs: { offset: number; length: number; exists: boolean }[] = [];
          for await (const batch of image.diffIterate({ from: snapshot.name, wholeObject: true })) {
            for (let i = 0; i < batch.count; i++) {
              theirs.push({ offset: batch.offset(i), length: batch.length(i), exists: batch.exists(i) });
            }
          }
          const setBytes = facts.objectSize * facts.stripeCount;
          expect(setsOf(ranges, setBytes)).toEqual(setsOf(theirs, setBytes));
          const withData = (all: typeof theirs) =>
            setsOf(
              all.filter((each) => each.exists),
              setBytes,
            );
          expect(withData(ranges)).toEqual(withData(theirs));
        }
      }),
      {
        numRuns: 12,
        endOnFailure: true,
      },
    );
  });
});
