import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, translated } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { UndoLog } from "../undo/undo-log.ts";
import type { ClonePlan } from "./clone-plan.ts";
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
  await translated(
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
        throw error;
      }
    },
  );
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
