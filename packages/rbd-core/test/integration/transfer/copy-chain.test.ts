import { describe, expect, it } from "vitest";
import { createImage } from "../../../src/image/image.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { isSoak } from "../../support/soak.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const { plain, cluster } = await usePlainRbd("chain");

describe("copyDiff", () => {
  const length = isSoak ? 60 : 15;
  it(`copies a chain of ${length} snapshots`, async () => {
    const source = await makeRandomImage(cluster, plain.pool, "chain", new Random(60), "on", length);
    const { spec, snapshots, objectSize } = source;
    const target = plain.image("chain-copy");
    await createImage(cluster, target, { size: 0, objectSize });
    for (const [index, to] of snapshots.entries()) {
      await copyDiff(cluster, { image: spec, from: snapshots[index - 1], to, target: { image: target } });
    }
    for (const to of snapshots) {
      expect(await contentsOf(cluster, `${target}@${to}`), to).toBe(
        await contentsOf(cluster, `${spec}@${to}`),
      );
    }
  }, 600_000);
});
