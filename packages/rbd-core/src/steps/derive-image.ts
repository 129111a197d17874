import type { CloneOptions } from "../clone/clone-options.ts";
import type { ClonePlan } from "../clone/clone-plan.ts";
import { cloneStep } from "../clone/clone-step.ts";
import type { PreparedClone } from "../clone/prepare-clone.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { decoding } from "../headers/find-image.ts";
import { readImageId } from "../headers/read-image-id.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type DerivePhase, derivePhases, touchesSource } from "./derive-phases.ts";
import { flattenStep } from "./flatten-step.ts";
import { growStep } from "./grow-step.ts";
import { noteOwnImage } from "./own-image.ts";
import { readySnapshotStep } from "./ready-snapshot-step.ts";
import { type HeldSnapshot, releaseSnapshotStep } from "./release-snapshot-step.ts";
import type { StepRunner } from "./step-runner.ts";

export interface DerivedImage {
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
