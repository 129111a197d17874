import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { checkName, type ImageSpec } from "../names/index.ts";
import { type FlowOptions, type RetryOptions, StepRunner } from "../operation/index.ts";
import {
  type DoomedSnapshots,
  evaluateRemoval,
  type RemovalFacts,
  type RemovalVerdict,
  readRemovalFacts,
  removalRefusal,
} from "./removal-plan.ts";
import { DoomedImage } from "./remove-images.ts";

export interface RemoveByPrefixWishes extends PrefixPlace {
  /** Which of the user's snapshots may go with the images. Default `none`: an image with snapshots is refused. */
  snapshots?: DoomedSnapshots | undefined;
}

export type RemoveByPrefixOptions = RemoveByPrefixWishes &
  FlowOptions<RemovalPhase> &
  Pick<RetryOptions, "attempts" | "pauseMilliseconds" | "pause" | "onBusy">;

/** An image that the prefix means, and what stands against removing it. */
export type RemovalPreview = RemovalFacts & RemovalVerdict;

/**
 * Says which images {@link removeByPrefix} would remove and what stands against it. Changes nothing.
 *
 * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`
 */
export async function previewRemoveByPrefix(
  cluster: Cluster,
  { snapshots = "none", ...place }: RemoveByPrefixWishes,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<RemovalPreview[]> {
  const found = await findByPrefix(cluster, place, signal);
  return found.map((facts) => ({ ...facts, ...evaluateRemoval(facts, snapshots) }));
}

/**
 * Removes all images whose names begin with a prefix, such as the disks of an instance.
 *
 * All of them are checked first, and one that cannot go keeps all. One that is in use is tried again a bounded number
 * of times, and then whoever holds it is named. Until the last image is in the trash everything can be taken back; see
 * `removeImages` for what a later failure leaves.
 *
 * Source: Nova's clean-up of an instance's RBD disks (11 tries, a second apart).
 *
 * @returns What was removed; nothing when no image has the prefix.
 * @throws {CoppiceError}
 * - `INVALID_NAME`: an empty prefix, or one no name can have. `NOT_FOUND`: the pool.
 * - `BUSY`: clones read from one of them, all named; or one stayed in use. `NOT_EMPTY`: snapshots.
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export async function removeByPrefix(cluster: Cluster, options: RemoveByPrefixOptions): Promise<ImageSpec[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  const found = await previewRemoveByPrefix(cluster, options, { signal });
  refuseBlocked(found);
  const images = found.map((each) => new DoomedImage(cluster, each, each.snapshots));
  const runner = new StepRunner<RemovalPhase>(removalPhases(images.length), options);
  try {
    await removeImages(images, runner, options);
    return images.map(({ spec }) => spec);
  } catch (error) {
    return await runner.fail(error, "removeByPrefix");
  }
}

/** Being in use is left to the tries. */
function refuseBlocked(found: readonly RemovalPreview[]): void {
  const blocked = found
    .map((facts) => ({ facts, blockers: facts.blockers.filter(({ kind }) => kind !== "in-use") }))
    .filter(({ blockers }) => blockers.length > 0);
  if (blocked.length > 0) throw removalRefusal("removeByPrefix", blocked);
}

interface PrefixPlace {
  pool: string;
  /** Default: the pool's default namespace. */
  namespace?: string | undefined;
  /** What the images' names begin with; never empty. An instance's disks begin with the instance's UUID. */
  prefix: string;
}

/**
 * Reads the images whose names begin with a prefix, by name.
 *
 * @throws {CoppiceError} `INVALID_NAME` for a prefix that no name can have; `NOT_FOUND` for the pool
 */
async function findByPrefix(
  cluster: Cluster,
  { pool, namespace = "", prefix }: PrefixPlace,
  signal: AbortSignal | undefined,
): Promise<RemovalFacts[]> {
  if (prefix === "") {
    throw new CoppiceError({
      code: "INVALID_NAME",
      call: "removeByPrefix",
      object: pool,
      message: "an empty prefix would mean every image of the pool",
      hint: "Give what the names begin with.",
    });
  }
  checkName("image", prefix);
  const ioCtx = await cluster.pool(pool, namespace);
  const listed = await withCoppiceErrors({ object: pool }, () => ioCtx.listImages());
  const names = listed.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  const specs = names.toSorted().map((image): ImageSpec => ({ pool, namespace, image }));
  const facts = new Map<ImageSpec, RemovalFacts>();
  const read = async (spec: ImageSpec) => {
    facts.set(spec, await readRemovalFacts(cluster, spec));
  };
  await forEachLimit(specs, 16, read, signal);
  return specs.flatMap((spec) => facts.get(spec) ?? []);
}

/**
 * - `trash`: all images are moved to the trash, which can be taken back; counts images.
 * - `remove`: they are removed for good, which cannot; counts objects of the image at hand.
 */
export type RemovalPhase = "trash" | "remove";

/** The steps of removing so many images. */
export function removalPhases(images: number): RemovalPhase[] {
  return images === 0 ? [] : ["trash", ...Array.from({ length: images }, (): RemovalPhase => "remove")];
}

/**
 * Removes images that were found removable. All of them are in the trash before the first one is destroyed, so that
 * one that is still in use keeps all. After a failure the ones not yet begun are put back; one that was begun stays in
 * the trash and is named in the error's `left`.
 */
export async function removeImages(
  images: readonly DoomedImage[],
  runner: StepRunner<RemovalPhase>,
  retry: RetryOptions,
): Promise<void> {
  if (images.length === 0) return;
  await runner.run("trash", async (advance) => {
    for (const [index, image] of images.entries()) {
      advance(index, images.length);
      retry.signal?.throwIfAborted();
      await image.moveToTrash(runner.undo, retry);
    }
    advance(images.length, images.length);
  });
  for (const image of images) {
    await runner.run("remove", (advance) => image.purge(retry, advance), "objects");
  }
}
