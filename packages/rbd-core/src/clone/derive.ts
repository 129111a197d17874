import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { readImageId } from "../headers/index.ts";
import { type CreateImageOptions, createImage, openImage } from "../image/index.ts";
import { decoding } from "../inventory/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import type { Advance, StepRunner, UndoLog } from "../operation/index.ts";
import type { PreparedClone } from "./prepare.ts";
import { type HeldSnapshot, readySnapshotStep, releaseSnapshotStep } from "./snapshot-steps.ts";
import { openSource, type SourceFacts } from "./source.ts";
import type { CloneOptions, ClonePlan } from "./types.ts";

/**
 * - `snapshot`: of the source; made, protected or both, as far as needed.
 * - `clone`: the new image.
 * - `flatten`: what it shares with the source is copied; counts objects.
 * - `release`: what was made on the source is taken away again.
 * - `grow`: to the size that was asked for.
 */
export type DerivePhase = "snapshot" | "clone" | "flatten" | "release" | "grow";

/** Whether the source has to be touched at all. */
function touchesSource(plan: ClonePlan): boolean {
  return plan.snapshot.action === "create" || plan.protect;
}

/** The steps that deriving an image will take. Pure. */
export function derivePhases(plan: ClonePlan, touches = touchesSource(plan)): DerivePhase[] {
  const phases: DerivePhase[] = [];
  if (touches) phases.push("snapshot");
  phases.push("clone");
  if (plan.flatten) phases.push("flatten");
  if (plan.flatten && touches) phases.push("release");
  if (plan.size > plan.sourceSize) phases.push("grow");
  return phases;
}

interface DerivedImage {
  /** Ceph's id of the new image. */
  id: string;
  /** As it was carried out. */
  plan: ClonePlan;
  /** The snapshot it came from, and what of it was made for this. */
  held: HeldSnapshot;
  /** Whether the source is as it was before. */
  released: boolean;
}

/**
 * Makes an image out of another one: clones it as planned, and then flattens and enlarges the clone where the plan says
 * so. With a flatten the source is left as it was found.
 *
 * @param planned What `options` came to.
 * @throws {CoppiceError} whatever a step throws; the caller undoes
 */
export async function deriveImage(
  cluster: Cluster,
  planned: PreparedClone,
  options: CloneOptions,
  runner: StepRunner<DerivePhase>,
): Promise<DerivedImage> {
  const { undo } = runner;
  const ready = () => readySnapshotStep(cluster, planned, options, undo);
  const touches = touchesSource(planned.plan);
  const { prepared, held } = touches ? await runner.run("snapshot", ready) : await ready();
  const { plan, facts } = prepared;
  const { source, target } = plan;
  // The source may have been resized or flattened before its snapshot was made, and the plan with it.
  runner.addSteps(derivePhases(plan, touches).length - derivePhases(planned.plan).length);
  const id = await runner.run("clone", async () => {
    await cloneStep(cluster, plan, facts, held.id, undo);
    const made = await readId(cluster, target);
    noteOwnImage(cluster, target, made, undo);
    return made;
  });
  let released = !held.created && !held.protected;
  if (plan.flatten) {
    await runner.run(
      "flatten",
      (advance) => flattenStep(cluster, target, id, options.signal, advance),
      "objects",
    );
    if (touches) released = await runner.run("release", () => releaseSnapshotStep(cluster, source, held));
  }
  if (plan.size > plan.sourceSize) await runner.run("grow", () => growStep(cluster, target, plan.size));
  return { id, plan, held, released };
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

/** Makes the clone itself. (`rbd_clone3`) */
async function cloneStep(
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

/**
 * Copies into a clone what it shares with its parent, and detaches it, wherever it is by now: renamed, or in the trash.
 * One that has no parent any more is left alone. (`rbd_flatten_with_progress`)
 *
 * @param spec Its place; the name is for messages.
 * @throws {CoppiceError} `NOT_FOUND` once it is gone; the signal's reason
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
  await using image = await openImage(cluster, spec);
  await withCoppiceErrors({ object, what: `${object} could not be resized to ${size} bytes` }, () =>
    image.resize(size, { allowShrink: false }),
  );
}

/**
 * Creates an image whose name was found free. The undo removes whatever has the name by then: it cannot be anybody
 * else's, because creating an image that is there already fails with `EXISTS`.
 */
export async function createImageStep(
  cluster: Cluster,
  target: ImageSpec,
  options: CreateImageOptions,
  undo: UndoLog,
): Promise<void> {
  undo.note(`the image ${showImageSpec(target)}`, () => removeIfOwn(cluster, target, () => true));
  try {
    await createImage(cluster, target, options);
  } catch (error) {
    if (hasCode(error, "EXISTS")) undo.forgetLast();
    throw error;
  }
}

/**
 * Notes an image that this operation made and whose id it knows, whatever becomes of it later (a clone loses its
 * parent when it is flattened, and is recognised by its id alone).
 */
function noteOwnImage(cluster: Cluster, image: ImageSpec, id: string, undo: UndoLog): void {
  undo.note(`the image ${showImageSpec(image)}`, () => removeIfOwn(cluster, image, (found) => found === id));
}

/** Removes an image if it is there and is the one meant. It must have no snapshots any more. */
async function removeIfOwn(cluster: Cluster, spec: ImageSpec, isOwn: (id: string) => boolean): Promise<void> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  try {
    await using image = await ioCtx.openImage(spec.image, { readOnly: true });
    if (!isOwn(image.id)) {
      throw new CoppiceError({
        code: "EXISTS",
        call: "removeIfOwn",
        object: showImageSpec(spec),
        message: "an image of this name appeared meanwhile, and is another one",
      });
    }
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return;
    throw error;
  }
  await ioCtx.removeImage(spec.image);
}
