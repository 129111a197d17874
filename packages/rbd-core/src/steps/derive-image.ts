import type { CloneOptions } from "../clone/clone-options.ts";
import { cloneStep } from "../clone/clone-step.ts";
import type { PreparedClone } from "../clone/prepare-clone.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openImage } from "../image/open-image.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type DerivePhase, type DeriveWishes, touchesSource } from "./derive-phases.ts";
import { flattenStep } from "./flatten-step.ts";
import { growStep } from "./grow-step.ts";
import { noteOwnImage } from "./own-image.ts";
import { readySnapshotStep } from "./ready-snapshot-step.ts";
import { type HeldSnapshot, releaseSnapshotStep } from "./release-snapshot-step.ts";
import type { StepRunner } from "./step-runner.ts";

export interface DerivedImage {
  /** Ceph's id of the new image. */
  id: string;
  /** The snapshot it came from, and what of it was made for this. */
  snapshot: HeldSnapshot;
  /** Whether the source is as it was before. */
  released: boolean;
}

/**
 * Makes an image out of another one: clones it as planned, and then flattens and enlarges the clone as wished. With a
 * flatten the source is left as it was found.
 *
 * @param planned What `options` came to.
 * @throws {CoppiceError} whatever a step throws; the caller undoes
 */
export async function deriveImage(
  cluster: Cluster,
  planned: PreparedClone,
  options: CloneOptions,
  wishes: DeriveWishes,
  runner: StepRunner<DerivePhase>,
): Promise<DerivedImage> {
  const { undo } = runner;
  const ready = () => readySnapshotStep(cluster, planned, options, undo);
  const touches = touchesSource(planned.plan);
  const { prepared, held } = touches ? await runner.run("snapshot", ready) : await ready();
  const { plan, facts } = prepared;
  const { source, target } = plan;
  const id = await runner.run("clone", async () => {
    await cloneStep(cluster, plan, facts, held.id, undo);
    const made = await readId(cluster, target);
    noteOwnImage(cluster, target, made, undo);
    return made;
  });
  let released = !held.created && !held.protected;
  if (wishes.flatten) {
    await runner.run(
      "flatten",
      (advance) => flattenStep(cluster, target, options.signal, advance),
      "objects",
    );
    if (touches) released = await runner.run("release", () => releaseSnapshotStep(cluster, source, held));
  }
  const { grow } = wishes;
  if (grow !== null) await runner.run("grow", () => growStep(cluster, target, grow));
  return { id, snapshot: held, released };
}

async function readId(cluster: Cluster, target: ImageSpec): Promise<string> {
  await using image = await openImage(cluster, target, { readOnly: true });
  return image.id;
}
