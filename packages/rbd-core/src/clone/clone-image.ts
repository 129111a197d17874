import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { retryOnSourceChanged, StepRunner } from "../operation/index.ts";
import { type DerivePhase, deriveImage, derivePhases } from "./derive.ts";
import { checkSnapshotNameFree, prepareClone, prepareCurrent } from "./prepare.ts";
import type { CloneOptions, ClonePlan, CloneResult } from "./types.ts";

/**
 * Clones an image, or one of its snapshots.
 *
 * A clone hangs on a snapshot. The newest of the user's snapshots that holds exactly the current state is used;
 * when there is none, one is created. It is protected only where the clone format needs that. The clone gets its
 * parent's features, object size and stripe unless told otherwise. Clones of one source that begin together, in
 * whatever processes, share one new snapshot.
 *
 * With `size` the clone is enlarged at once. With `flatten`, or where it would lie deeper than `maxDepth`, it becomes a
 * full copy, and what was made on the source for it is taken away again.
 *
 * While the source is being written to, the clone is a state the source really had during the call (see
 * `stillCurrent` for why).
 *
 * Everything is checked before anything is changed. When a step fails, what was made is taken back, in reverse. Aborting
 * does the same and rejects with the signal's reason; a change that is under way is finished first, then taken back,
 * but flattening stops.
 *
 * How it knows its own, also where the answer to a call was lost: the clone by its id, or before that is read by being
 * a clone of that very snapshot, under a name that was free; the snapshot by its name, and by not having been there
 * before; its protection by not having been there before. Another client that makes the same thing under the same name
 * in that moment, while our own call fails without an answer, cannot be told from us. What has become somebody's
 * meanwhile (a snapshot that other clones hang on) is left, and named.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`: source or target does not parse, or the target names a snapshot.
 * - `INVALID_ARGUMENT`: a size below the source's; a size, depth, object size or stripe that cannot be, or features.
 * - `NOT_FOUND`: no such pool, namespace, image or snapshot.
 * - `EXISTS`: the target is there already, or the snapshot to create is.
 * - `UNSUPPORTED`: the source has format 1 or lacks layering; or another namespace with clone format 1.
 * - `SOURCE_CHANGED`: somebody keeps taking away the snapshot.
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export function cloneImage(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  return withCoppiceErrors({}, () => retryOnSourceChanged(() => carryOut(cluster, options)));
}

async function carryOut(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  const prepared = await prepareCurrent(cluster, options);
  const runner = new StepRunner<DerivePhase>(derivePhases(prepared.plan), {
    signal: options.signal,
    onProgress: ({ phase, done, total, unit }) => options.onProgress?.({ phase, done, total, unit }),
  });
  try {
    const { id, plan, held, released } = await deriveImage(cluster, prepared, options, runner);
    runner.finish();
    const { snapshot, protect: _, flatten: flattened, ...rest } = plan;
    return {
      ...rest,
      id,
      snapshot: { name: held.name, id: held.id, reason: snapshot.reason },
      reused: !held.created,
      created: { snapshot: held.created && !released, protection: held.protected && !released },
      flattened,
    };
  } catch (error) {
    return await runner.fail(error, "cloneImage");
  }
}

/**
 * Says what `cloneImage` with the same options would do, and changes nothing.
 *
 * The source may be written to between the plan and the clone: then the clone will say that it created a
 * snapshot where the plan would have reused one.
 *
 * @throws {CoppiceError} whatever `cloneImage` would refuse
 */
export async function planClone(cluster: Cluster, options: CloneOptions): Promise<ClonePlan> {
  return withCoppiceErrors({}, async () => {
    const prepared = await prepareClone(cluster, options);
    checkSnapshotNameFree(prepared);
    return prepared.plan;
  });
}
