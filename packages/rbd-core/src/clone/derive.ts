import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { readImageId } from "../headers/index.ts";
import { type CreateImageOptions, createImage, openImage } from "../image/index.ts";
import { decoding } from "../inventory/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import type { Advance, Operation, StepRunner, UndoLog } from "../operation/index.ts";
import {
  type CloneOptions,
  type ClonePlan,
  changesSource,
  type DerivePhase,
  derivePhases,
} from "./clone-plan.ts";
import { recordClone } from "./clone-record.ts";
import type { HeldSnapshot } from "./own-snapshots.ts";
import type { PreparedClone } from "./prepare.ts";
import { openSource, type SourceFacts } from "./search/source.ts";
import { readySnapshotStep, releaseSnapshotStep } from "./source-snapshot.ts";

interface DerivedImage {
  /** Ceph's id of the new image. */
  id: string;
  /** As it was executed. */
  plan: ClonePlan;
  /** The snapshot it was cloned from, and what was made of it for this. */
  held: HeldSnapshot;
  /** Whether the source is as it was before. */
  released: boolean;
}

/**
 * Derives an image from another one: clones it as planned, and then flattens and enlarges the clone where the plan says
 * so. With a flatten the source is left as it was found. What a clone, a volume and a template have in common.
 *
 * @param planned The plan for `options`.
 * @throws {CoppiceError} what a step throws; the caller undoes
 */
export async function deriveImage(
  cluster: Cluster,
  planned: PreparedClone,
  options: CloneOptions,
  operation: Operation,
  runner: StepRunner<DerivePhase>,
): Promise<DerivedImage> {
  const { undo } = runner;
  const ready = () => readySnapshotStep(cluster, planned, options, operation, undo);
  const withSnapshot = changesSource(planned.plan);
  const { prepared, held } = withSnapshot ? await runner.run("snapshot", ready) : await ready();
  const { plan, facts } = prepared;
  const { source, target } = plan;
  // The source may have been resized or flattened before its snapshot was made, which changes the plan.
  runner.addSteps(derivePhases(plan, withSnapshot).length - derivePhases(planned.plan).length);
  const id = await runner.run("clone", async () => {
    await cloneStep(cluster, plan, facts, held.id, undo);
    const made = await readId(cluster, target);
    noteNewImage(cluster, target, made, undo);
    return made;
  });
  let released = !held.created && !held.protected;
  if (plan.flatten) {
    const flatten = async (advance: Advance) => {
      await recordClone(operation, id);
      await flattenStep(cluster, target, id, operation.signal, advance);
    };
    await runner.run("flatten", flatten, "objects");
    if (withSnapshot)
      released = await runner.run("release", () => releaseSnapshotStep(cluster, source, held, facts.id));
  }
  if (plan.size > plan.sourceSize) await runner.run("grow", () => growStep(cluster, target, plan.size));
  return { id, plan, held, released };
}

/** Creates the clone itself. (`rbd_clone3`) */
async function cloneStep(
  cluster: Cluster,
  plan: ClonePlan,
  facts: SourceFacts,
  snapshotId: bigint,
  undo: UndoLog,
): Promise<void> {
  const { source, target, snapshot } = plan;
  const object = showImageSpec(target);
  undo.note(`the clone ${object}`, () => removeNewClone(cluster, target, facts.id, snapshotId));
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
        // Another client created it since the check.
        if (hasCode(error, "EXISTS")) undo.forgetLast();
        await checkSnapshotUsable(cluster, plan, snapshotId, error);
        throw error;
      }
    },
  );
}

/**
 * Says so when cloning failed because the snapshot was removed or unprotected meanwhile. librbd then does not find the
 * snapshot, or calls the arguments invalid.
 */
async function checkSnapshotUsable(
  cluster: Cluster,
  { source, snapshot, cloneFormat }: ClonePlan,
  snapshotId: bigint,
  cause: unknown,
): Promise<void> {
  if (!hasCode(cause, "NOT_FOUND") && !hasCode(cause, "INVALID_ARGUMENT")) return;
  await using image = await openSource(cluster, source);
  const found = (await image.listSnapshots()).find(
    ({ id, namespace }) => id === snapshotId && namespace === "user",
  );
  if (found !== undefined && (found.protected || cloneFormat === 2)) return;
  const object = showImageSpec({ ...source, snapshot: snapshot.name });
  const what = found === undefined ? "removed" : "unprotected";
  throw new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "cloneImage",
    object,
    message: `another client ${what} the snapshot ${object} just before it was cloned`,
    hint: "Find out which client does that, and try again.",
    cause,
  });
}

async function readId(cluster: Cluster, target: ImageSpec): Promise<string> {
  const object = showImageSpec(target);
  const ioCtx = await cluster.pool(target.pool, target.namespace);
  return decoding(object, () =>
    withCoppiceErrors({ object, what: `the id of ${object} could not be read` }, () =>
      readImageId(ioCtx, target.image, undefined),
    ),
  );
}

/**
 * Copies into a clone the data that it shares with its parent, and detaches it, even if it was renamed or moved to the
 * trash meanwhile. Does nothing to an image without a parent. (`rbd_flatten_with_progress`)
 *
 * @param spec Its pool and namespace; the name is for messages.
 * @throws {CoppiceError} `NOT_FOUND` when it is gone; the signal's reason
 */
export async function flattenStep(
  cluster: Cluster,
  spec: ImageSpec,
  id: string,
  signal: AbortSignal | undefined,
  advance: Advance,
): Promise<void> {
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be flattened` }, async () => {
    await using image = await ioCtx.openImage({ id });
    if ((await image.parent()) === null) return;
    await image.flatten({ signal, onProgress: ({ done, total }) => advance(done, total) });
  });
}

/** Enlarges an image; never makes it smaller. (`rbd_resize2`) @param size Bytes. */
async function growStep(cluster: Cluster, spec: ImageSpec, size: number): Promise<void> {
  const object = showImageSpec(spec);
  await using image = await openImage(cluster, spec, { allowIncomplete: true });
  await withCoppiceErrors({ object, what: `${object} could not be resized to ${size} bytes` }, () =>
    image.resize(size, { allowShrink: false }),
  );
}

/**
 * Creates an empty image whose name was found free. The undo removes the image that has the name then: it is this one,
 * because creating an image that exists already fails with `EXISTS`. (`rbd_create4`)
 */
export async function createImageStep(
  cluster: Cluster,
  target: ImageSpec,
  options: CreateImageOptions,
  undo: UndoLog,
): Promise<void> {
  undo.note(`the image ${showImageSpec(target)}`, () => removeImageIf(cluster, target, () => true));
  try {
    await createImage(cluster, target, options);
  } catch (error) {
    if (hasCode(error, "EXISTS")) undo.forgetLast();
    throw error;
  }
}

/** Notes an image that the operation created, by its id: a clone loses its parent when it is flattened. */
function noteNewImage(cluster: Cluster, image: ImageSpec, id: string, undo: UndoLog): void {
  undo.note(`the image ${showImageSpec(image)}`, () =>
    removeImageIf(cluster, image, (found) => found.id === id),
  );
}

/**
 * Removes the clone that this operation may have created, before its id is known: the image of that name, if its parent
 * is that very snapshot. The name was free before, and an image with another parent, or none, is never removed.
 */
function removeNewClone(
  cluster: Cluster,
  target: ImageSpec,
  parentId: string,
  snapshotId: bigint,
): Promise<void> {
  return removeImageIf(cluster, target, async (image) => {
    const parent = await image.parent();
    return parent?.imageId === parentId && parent.snapshotId === snapshotId;
  });
}

/**
 * Removes an image if it exists. It must have no snapshots any more. (`rbd_remove`)
 *
 * @throws {CoppiceError} `EXISTS` when it is not the image that this operation created
 */
async function removeImageIf(
  cluster: Cluster,
  spec: ImageSpec,
  isOwn: (image: Image) => boolean | Promise<boolean>,
): Promise<void> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  try {
    await using image = await ioCtx.openImage(spec.image, { readOnly: true });
    if (!(await isOwn(image))) {
      throw new CoppiceError({
        code: "EXISTS",
        call: "removeImageIf",
        object: showImageSpec(spec),
        message: "another client created an image of this name meanwhile",
      });
    }
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return;
    throw error;
  }
  await ioCtx.removeImage(spec.image);
}
