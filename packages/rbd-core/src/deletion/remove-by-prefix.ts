import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { checkName, compareText, type ImageSpec } from "../names/index.ts";
import { type Operation, StepRunner } from "../operation/index.ts";
import type { DeletionFacts } from "./plan/deletion-facts.ts";
import { finishEarlierRemovals, isStillThere, takeUp } from "./recover-removal.ts";
import {
  evaluateRemoval,
  lastingBlockers,
  type RemovalTarget,
  type RemovalVerdict,
  readRemovalFacts,
  refuseBlocked,
  removalTarget,
  type SnapshotsToRemove,
} from "./removal-plan.ts";
import { beginRemoval, endingAfter, failUnderRecord, removalDetails } from "./removal-record.ts";
import {
  ImageRemoval,
  type RemovalOptions,
  type RemovalPhase,
  removalPhases,
  removeImages,
} from "./remove-images.ts";

export interface RemoveByPrefixPlanOptions extends PrefixPlace {
  /** Which of the user's snapshots are removed with the images. Default `none`: an image with snapshots is refused. */
  snapshots?: SnapshotsToRemove | undefined;
}

export type RemoveByPrefixOptions = RemoveByPrefixPlanOptions & RemovalOptions;

/** An image whose name has the prefix, and what blocks its removal. */
export type RemovalPreview = RemovalTarget & RemovalVerdict;

/**
 * Lists the images that {@link removeByPrefix} would remove, and what blocks their removal. Changes nothing.
 *
 * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`
 */
export async function previewRemoveByPrefix(
  cluster: Cluster,
  { snapshots = "none", ...place }: RemoveByPrefixPlanOptions,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<RemovalPreview[]> {
  const found = await findByPrefix(cluster, place, signal);
  return found.map((facts) => ({ ...removalTarget(facts), ...evaluateRemoval(facts, snapshots) }));
}

/**
 * Removes all images whose names begin with a prefix, such as the disks of an instance.
 *
 * All of them are checked first, and none is removed if one of them cannot be. An image in use is tried again a limited
 * number of times, and then the error names its users. Until the last image is in the trash everything can be undone;
 * see `removeImages` for what a later failure leaves.
 *
 * Source: Nova's clean-up of an instance's RBD disks (11 tries, a second apart).
 *
 * @returns The images that were removed; none when no image has the prefix.
 * @throws {CoppiceError}
 * - `INVALID_NAME`: an empty prefix, or one that no name can have. `NOT_FOUND`: the pool.
 * - `BUSY`: one of them has clones, all named; or one stayed in use. `NOT_EMPTY`: snapshots.
 * - `UNDO_FAILED`: a step failed, and `left` could not be undone.
 */
export async function removeByPrefix(cluster: Cluster, options: RemoveByPrefixOptions): Promise<ImageSpec[]> {
  const { signal, pool, namespace = "", prefix, snapshots = "none" } = options;
  signal?.throwIfAborted();
  checkPrefix(pool, prefix);
  const isMeant = (name: string) => name.startsWith(prefix);
  const earlier = await finishEarlierRemovals(cluster, { pool, namespace }, isMeant, options);
  const found = await previewRemoveByPrefix(cluster, options, { signal });
  refuseBlocked(
    "removeByPrefix",
    found.map(({ spec, blockers }) => ({ spec, blockers: lastingBlockers(blockers) })),
  );
  await using operations = new AsyncDisposableStack();
  const begun: { target: RemovalPreview; operation: Operation }[] = [];
  const committed = found.length === 1;
  for (const target of found) {
    const details = await removalDetails(
      cluster,
      { ...target.spec, id: target.id },
      { way: "remove", snapshots, committed },
    );
    const request = { image: target.spec, kind: "remove-by-prefix", details, signal } as const;
    const operation = operations.use(await beginRemoval(cluster, request, options));
    if (operation.interrupted !== null) {
      await takeUp(cluster, operation, target.spec);
      await operation.update(details);
    }
    // Another process may have removed it, until its record was ended.
    if (await isStillThere(cluster, target)) begun.push({ target, operation });
    else await operation.end();
  }
  const flow = { ...options, signal: AbortSignal.any(begun.map(({ operation }) => operation.signal)) };
  const removed = await endingAfter(
    cluster,
    begun.map(({ operation }) => operation),
    async () => {
      const images = begun.map(
        ({ target, operation }) => new ImageRemoval(cluster, target, target.snapshots, operation),
      );
      const runner = new StepRunner<RemovalPhase>(removalPhases(images.length), flow);
      try {
        await removeImages(images, runner, flow);
        return images.map(({ spec }) => spec);
      } catch (error) {
        return await failUnderRecord(runner, flow.signal, error, "removeByPrefix");
      }
    },
  );
  const specs = new Map([...earlier.map(({ image }) => image), ...removed].map((spec) => [spec.image, spec]));
  return [...specs.values()].toSorted((a, b) => compareText(a.image, b.image));
}

/** @throws {CoppiceError} `INVALID_NAME` for a prefix that no name can have */
function checkPrefix(pool: string, prefix: string): void {
  if (prefix === "") {
    throw new CoppiceError({
      code: "INVALID_NAME",
      call: "removeByPrefix",
      object: pool,
      message: "an empty prefix would remove every image of the pool",
      hint: "Give the text that the names of the images begin with.",
    });
  }
  checkName("image", prefix);
}

interface PrefixPlace {
  pool: string;
  /** Default: the pool's default namespace. */
  namespace?: string | undefined;
  /** What the images' names begin with; never empty. An instance's disks begin with the instance's UUID. */
  prefix: string;
}

/**
 * Gathers the facts about the images whose names begin with a prefix, sorted by name.
 *
 * @throws {CoppiceError} `INVALID_NAME` for a prefix that no name can have; `NOT_FOUND` for the pool
 */
async function findByPrefix(
  cluster: Cluster,
  { pool, namespace = "", prefix }: PrefixPlace,
  signal: AbortSignal | undefined,
): Promise<DeletionFacts[]> {
  checkPrefix(pool, prefix);
  const ioCtx = await cluster.pool(pool, namespace);
  const listed = await withCoppiceErrors({ object: pool }, () => ioCtx.listImages());
  const names = listed.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  const specs = names.toSorted().map((image): ImageSpec => ({ pool, namespace, image }));
  const facts = new Map<ImageSpec, DeletionFacts>();
  const read = async (spec: ImageSpec) => {
    try {
      facts.set(spec, await readRemovalFacts(cluster, spec));
    } catch (error) {
      // Another process has removed it since it was listed.
      if (!hasCode(error, "NOT_FOUND")) throw error;
    }
  };
  await forEachLimit(specs, 16, read, signal);
  return specs.flatMap((spec) => facts.get(spec) ?? []);
}
