import { expect, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { type CopyDiffOptions, copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { type DigestManifest, mergeManifests } from "../../../src/transfer/digests/digest-manifest.ts";
import { verifyDigests } from "../../../src/transfer/digests/verify-digests.ts";
import { seedsFrom } from "../../support/soak.ts";
import type { PlainRbdPool } from "../formats/use-plain-rbd.ts";
import { checkObjectMaps, contentsOf } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const parts = 4;
const seedsATest = 10;

/**
 * The tests that copy every snapshot of random images. They are in several files, so that these run side by side.
 *
 * @param part From 1 to 4: every fourth seed.
 */
export function testRandomCopies({ plain, cluster }: PlainRbdPool, part: number): void {
  const all = seedsFrom(1000, { usual: 40, ci: 200 }).filter((_, i) => i % parts === part - 1);
  const tests = Array.from({ length: Math.ceil(all.length / seedsATest) }, (_, i) => {
    const seeds = all.slice(i * seedsATest, (i + 1) * seedsATest);
    return { seeds, first: seeds[0], last: seeds.at(-1) };
  });
  it.each(tests)(
    `gives every snapshot of random images byte for byte (every fourth seed from $first to $last)`,
    async ({ seeds }) => {
      for (const seed of seeds) {
        const random = new Random(seed);
        const maps = random.pick(["on", "off", "invalid"] as const);
        const { spec, snapshots, description, objectSize } = await makeRandomImage(
          cluster,
          plain.pool,
          `source-${seed}`,
          random,
          maps,
        );
        const target = await makeRandomTarget({ plain, cluster }, `target-${seed}`, random, { objectSize });
        const manifests: DigestManifest[] = [];
        for (const [index, to] of snapshots.entries()) {
          const options = { image: spec, from: snapshots[index - 1], to, target: { image: target } };
          const result = await copyWithInterruption(cluster, options, random);
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
}

export async function makeRandomTarget(
  { plain, cluster }: PlainRbdPool,
  name: string,
  random: Random,
  like: { objectSize: number },
): Promise<string> {
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
async function copyWithInterruption(cluster: Cluster, options: CopyDiffOptions, random: Random) {
  if (random.chance(0.3)) {
    const abort = new AbortController();
    const stopAt = random.below(4);
    let steps = 0;
    const onProgress = () => {
      if (steps++ === stopAt) abort.abort(new Error("stopped"));
    };
    const first = copyDiff(cluster, { ...options, signal: abort.signal, onProgress, checkpointBytes: 1 });
    await first.catch((error: Error) => expect(error.message).toBe("stopped"));
    if (await isDone(cluster, options)) return undefined;
  }
  return await copyDiff(cluster, options);
}

/** An abort can come too late to stop anything. */
async function isDone(cluster: Cluster, { target, to }: CopyDiffOptions): Promise<boolean> {
  await using image = await openImage(cluster, target.image, { readOnly: true });
  return await image.snapshotExists(to);
}
