import { describe, expect, it } from "vitest";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomTarget, testRandomCopies } from "./random-copies.ts";
import { makeRandomImage } from "./random-image.ts";

const pool = await usePlainRbd("copy-1");
const { plain, cluster } = pool;

describe("copyDiff", () => {
  testRandomCopies(pool, 1);

  it("copies a chain of 60 snapshots", async () => {
    const random = new Random(60);
    const source = await makeRandomImage(cluster, plain.pool, "chain", random, "on", 60);
    const { spec, snapshots } = source;
    const target = await makeRandomTarget({ plain, cluster }, "chain-copy", random, source);
    for (const [index, to] of snapshots.entries()) {
      await copyDiff(cluster, { image: spec, from: snapshots[index - 1], to, target: { image: target } });
    }
    for (const to of snapshots) {
      expect(await contentsOf(cluster, `${target}@${to}`), to).toBe(
        await contentsOf(cluster, `${spec}@${to}`),
      );
    }
  }, 120_000);
});
