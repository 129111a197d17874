import { describe, expect, it } from "vitest";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { type CopyDiffOptions, copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { type DigestManifest, mergeManifests } from "../../../src/transfer/digests/digest-manifest.ts";
import { verifyDigests } from "../../../src/transfer/digests/verify-digests.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { checkObjectMaps } from "./check-object-maps.ts";
import { contentsOf } from "./contents.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const seeds = Number(process.env.COPPICE_TRANSFER_SEEDS ?? (process.env.CI === undefined ? 40 : 200));
const firstSeed = Number(process.env.COPPICE_TRANSFER_FIRST_SEED ?? 1000);
const { plain, cluster } = await usePlainRbd("copy");

async function makeTarget(name: string, random: Random, like: { objectSize: number }): Promise<string> {
  const target = plain.image(name);
  const withMaps = featureBits(["layering", "exclusive-lock", "object-map", "fast-diff"]);
  const features = random.pick([
    featureBits(["layering"]),
    featureBits(["layering", "exclusive-lock"]),
    withMaps,
    withMaps,
  ]);
  const objectSize = random.chance(0.6) ? like.objectSize : random.pick([64, 256, 1024, 4096]) * 1024;
  await createImage(cluster, target, { size: random.below(1 << 20), objectSize, features });
  return target;
}

/** Copies, sometimes after a first try that is aborted on its way. */
async function copyWithInterruption(options: CopyDiffOptions, random: Random) {
  if (random.chance(0.3)) {
    const abort = new AbortController();
    const stopAt = random.below(4);
    let steps = 0;
    const onProgress = () => {
      if (steps++ === stopAt) abort.abort(new Error("stopped"));
    };
    const first = copyDiff(cluster, { ...options, signal: abort.signal, onProgress, checkpointBytes: 1 });
    await first.catch((error: Error) => expect(error.message).toBe("stopped"));
    if (await isDone(options)) return undefined;
  }
  return await copyDiff(cluster, options);
}

/** An abort can come too late to stop anything. */
async function isDone({ target, to }: CopyDiffOptions): Promise<boolean> {
  await using image = await openImage(cluster, target.image, { readOnly: true });
  return await image.snapshotExists(to);
}

describe("copyDiff", () => {
  it.each(Array.from({ length: Math.ceil(seeds / 10) }, (_, i) => firstSeed + 10 * i))(
    "gives every point of ten random images byte for byte (seeds from %d)",
    async (first) => {
      for (let seed = first; seed < first + 10; seed++) {
        const random = new Random(seed);
        const maps = random.pick(["on", "off", "invalid"] as const);
        const { spec, snapshots, description, objectSize } = await makeRandomImage(
          cluster,
          plain.pool,
          `source-${seed}`,
          random,
          maps,
        );
        const target = await makeTarget(`target-${seed}`, random, { objectSize });
        const manifests: DigestManifest[] = [];
        for (const [index, to] of snapshots.entries()) {
          const options = { image: spec, from: snapshots[index - 1], to, target: { image: target } };
          const result = await copyWithInterruption(options, random);
          const what = `seed ${seed}, ${description}, ${to}`;
          const expected = await contentsOf(cluster, `${spec}@${to}`);
          expect(await contentsOf(cluster, `${target}@${to}`), what).toBe(expected);
          await checkObjectMaps(plain, [target, `${target}@${to}`], what);
          if (result === undefined) break;
          manifests.push(result.manifest);
          const verified = await verifyDigests(cluster, {
            image: target,
            snapshot: to,
            manifest: result.manifest,
          });
          expect(verified.wrong, what).toEqual([]);
          const merged = mergeManifests(manifests);
          const all = await verifyDigests(cluster, { image: target, snapshot: to, manifest: merged });
          expect(all.wrong, `${what}, merged`).toEqual([]);
        }
      }
    },
    300_000,
  );

  it("copies a chain of 60 snapshots", async () => {
    const random = new Random(60);
    const source = await makeRandomImage(cluster, plain.pool, "chain", random, "on", 60);
    const { spec, snapshots } = source;
    const target = await makeTarget("chain-copy", random, source);
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
