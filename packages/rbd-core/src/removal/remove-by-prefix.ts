import type { Cluster } from "../cluster/cluster.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { FlowOptions } from "../steps/step-progress.ts";
import { StepRunner } from "../steps/step-runner.ts";
import { DoomedImage } from "./doomed-image.ts";
import { findByPrefix, type PrefixPlace } from "./find-by-prefix.ts";
import {
  type DoomedSnapshots,
  evaluateRemoval,
  type RemovalVerdict,
  removalRefusal,
} from "./judge-removal.ts";
import type { RemovalFacts } from "./removal-facts.ts";
import { type RemovalPhase, removalPhases, removeImages } from "./remove-images.ts";
import type { RetryOptions } from "./retry-while-busy.ts";

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
