import { cloneStep } from "../clone/clone-step.ts";
import { createSnapshotStep } from "../clone/create-snapshot-step.ts";
import type { PreparedClone } from "../clone/prepare-clone.ts";
import { protectStep } from "../clone/protect-step.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openImage } from "../image/open-image.ts";
import type { DerivePhase, DeriveWishes } from "./derive-phases.ts";
import { flattenStep } from "./flatten-step.ts";
import { growStep } from "./grow-step.ts";
import { noteOwnImage } from "./own-image.ts";
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
 * @throws {CoppiceError} whatever a step throws; the caller undoes
 */
export async function deriveImage(
  cluster: Cluster,
  { plan, facts }: PreparedClone,
  wishes: DeriveWishes,
  runner: StepRunner<DerivePhase>,
  signal: AbortSignal | undefined,
): Promise<DerivedImage> {
  const { undo } = runner;
  const held: HeldSnapshot = { name: plan.snapshot.name, id: 0n, created: false, protected: false };
  if (plan.snapshot.id === null) {
    const known = new Set(facts.snapshots.map((snapshot) => snapshot.id));
    const create = () => createSnapshotStep(cluster, plan.source, held.name, known, undo);
    held.id = await runner.run("snapshot", create);
    held.created = true;
  } else {
    held.id = plan.snapshot.id;
  }
  if (plan.protect) {
    held.protected = await runner.run("protect", () => protectStep(cluster, plan.source, held.name, undo));
  }
  const id = await runner.run("clone", async () => {
    await cloneStep(cluster, plan, facts, held.id, undo);
    const made = await readId(cluster, plan.target);
    noteOwnImage(cluster, plan.target, made, undo);
    return made;
  });
  let released = !held.created && !held.protected;
  if (wishes.flatten) {
    await runner.run("flatten", (advance) => flattenStep(cluster, plan.target, signal, advance), "objects");
    if (plan.snapshot.action === "create" || plan.protect) {
      released = await runner.run("release", () => releaseSnapshotStep(cluster, plan.source, held));
    }
  }
  const { grow } = wishes;
  if (grow !== null) await runner.run("grow", () => growStep(cluster, plan.target, grow));
  return { id, snapshot: held, released };
}

async function readId(cluster: Cluster, target: PreparedClone["plan"]["target"]): Promise<string> {
  await using image = await openImage(cluster, target, { readOnly: true });
  return image.id;
}
