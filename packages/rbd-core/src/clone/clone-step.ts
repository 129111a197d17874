import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { UndoLog } from "../undo/undo-log.ts";
import type { ClonePlan } from "./clone-plan.ts";
import { openSource } from "./open-source.ts";
import type { SourceFacts } from "./source-facts.ts";

/** Makes the clone itself. (`rbd_clone3`) */
export async function cloneStep(
  cluster: Cluster,
  plan: ClonePlan,
  facts: SourceFacts,
  snapshotId: bigint,
  undo: UndoLog,
): Promise<void> {
  const { source, target, snapshot } = plan;
  const object = showImageSpec(target);
  undo.note(`the clone ${object}`, () => removeOwnClone(cluster, plan, facts.id, snapshotId));
  const [pool, targetPool] = await Promise.all([
    cluster.pool(source.pool, source.namespace),
    cluster.pool(target.pool, target.namespace),
  ]);
  await withCoppiceErrors(
    { object, what: `${object} could not be cloned from ${showImageSpec(source)}` },
    async () => {
      try {
        await targetPool.clone({ pool, image: source.image, snapshot: snapshot.name }, target.image, {
          features: plan.features,
          order: plan.order,
          stripeUnit: plan.stripeUnit,
          stripeCount: plan.stripeCount,
          cloneFormat: plan.cloneFormat,
          ...(plan.dataPool === null ? {} : { dataPool: plan.dataPool }),
        });
      } catch (error) {
        // Somebody else's, made since the check.
        if (hasCode(error, "EXISTS")) undo.forgetLast();
        await checkSnapshotThere(cluster, plan, snapshotId, error);
        throw error;
      }
    },
  );
}

/** What a snapshot that was taken away makes of a clone: librbd misses it, or calls the arguments invalid. */
async function checkSnapshotThere(
  cluster: Cluster,
  { source, snapshot, cloneFormat }: ClonePlan,
  snapshotId: bigint,
  cause: unknown,
): Promise<void> {
  if (!hasCode(cause, "NOT_FOUND") && !hasCode(cause, "INVALID_ARGUMENT")) return;
  await using image = await openSource(cluster, source);
  const there = (await image.listSnapshots()).find(
    ({ id, namespace }) => id === snapshotId && namespace === "user",
  );
  if (there !== undefined && (there.protected || cloneFormat === 2)) return;
  const object = showImageSpec({ ...source, snapshot: snapshot.name });
  const what = there === undefined ? "removed" : "unprotected";
  throw new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "cloneImage",
    object,
    message: `the snapshot ${object} was ${what} while it was about to be cloned`,
    hint: "Find out what does that, and try again.",
    cause,
  });
}

/**
 * Removes the clone if it is there and hangs on the very snapshot it was to hang on. The target's name was free
 * before, so nothing else can be meant; and an image with another parent, or none, is never removed.
 */
async function removeOwnClone(
  cluster: Cluster,
  { target }: ClonePlan,
  sourceId: string,
  snapshotId: bigint,
): Promise<void> {
  const ioCtx = await cluster.pool(target.pool, target.namespace);
  try {
    await using image = await ioCtx.openImage(target.image, { readOnly: true });
    const parent = await image.parent();
    if (parent === null || parent.imageId !== sourceId || parent.snapshotId !== snapshotId) {
      throw new CoppiceError({
        code: "EXISTS",
        call: "cloneImage",
        message: "an image of this name appeared meanwhile, and is not a clone of that snapshot",
      });
    }
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return;
    throw error;
  }
  await ioCtx.removeImage(target.image);
}
