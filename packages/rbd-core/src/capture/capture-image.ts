import { createSnapshotStep } from "../clone/create-snapshot-step.ts";
import { checkSnapshotNameFree, type PreparedClone } from "../clone/prepare-clone.ts";
import { prepareCurrent } from "../clone/prepare-current.ts";
import { protectStep } from "../clone/protect-step.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openImage } from "../image/open-image.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { checkName } from "../names/name-part.ts";
import { toRbdUrl } from "../rbd-url/to-rbd-url.ts";
import { retryOnSourceChanged } from "../steps/begin-again.ts";
import { deriveImage } from "../steps/derive-image.ts";
import { derivePhases } from "../steps/derive-phases.ts";
import { StepRunner } from "../steps/step-runner.ts";
import { templateSnapshot } from "../template/template-snapshot.ts";
import type { CaptureOptions, CapturePhase, CaptureResult, CaptureWishes } from "./capture-types.ts";

/**
 * Makes a template out of a disk, in the same pool or another one: a clone of the disk's current state (or of one of
 * its snapshots) is flattened, and gets a protected snapshot that disks can be cloned from. The disk may be in use,
 * and is left as it was found.
 *
 * Everything is checked before anything is changed; on failure or abort exactly what was made is taken back.
 *
 * Source: Nova's direct snapshot. Unlike there, a snapshot that holds the disk's current state is used again, and a
 * failure leaves neither a temporary snapshot nor half a template.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `NOT_FOUND`, `EXISTS`, `UNSUPPORTED`: see `cloneImage`.
 * - `SOURCE_CHANGED`: somebody keeps taking away the snapshot.
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export function captureImage(cluster: Cluster, options: CaptureOptions): Promise<CaptureResult> {
  return retryOnSourceChanged(() => carryOut(cluster, options));
}

async function carryOut(cluster: Cluster, options: CaptureOptions): Promise<CaptureResult> {
  options.signal?.throwIfAborted();
  const { prepared, cloneOptions, snapshotName } = await prepareCapture(cluster, options);
  const runner = new StepRunner<CapturePhase>(capturePhases(prepared), options);
  const { undo } = runner;
  try {
    const { id, plan, held, released } = await deriveImage(cluster, prepared, cloneOptions, runner);
    const { target } = plan;
    await using image = await openImage(cluster, target);
    const create = () => createSnapshotStep(cluster, target, image, snapshotName, new Set(), undo);
    await runner.run("template-snapshot", create);
    await runner.run("template-protect", () => protectStep(cluster, target, image, snapshotName, undo));
    runner.finish();
    const template = { ...plan.target, snapshot: snapshotName };
    const source = { ...plan.source, snapshot: held.name };
    const url = toRbdUrl(cluster.fsid, template);
    const { size, warnings } = plan;
    return { template, url, id, size, source, reused: !held.created, unchanged: released, warnings };
  } catch (error) {
    return await runner.fail(error, "captureImage");
  }
}

/** What {@link captureImage} with the same options would do. */
export interface CapturePlan {
  template: Required<ImageSpec>;
  /** The steps, in order. */
  phases: CapturePhase[];
  clone: PreparedClone["plan"];
}

/** Says what {@link captureImage} would do, and changes nothing. @throws {CoppiceError} what that would refuse */
export async function planCapture(cluster: Cluster, options: CaptureWishes): Promise<CapturePlan> {
  const { prepared, snapshotName } = await prepareCapture(cluster, options);
  checkSnapshotNameFree(prepared);
  const template = { ...prepared.plan.target, snapshot: snapshotName };
  return { template, phases: capturePhases(prepared), clone: prepared.plan };
}

async function prepareCapture(
  cluster: Cluster,
  { snapshotName = templateSnapshot, temporarySnapshot, ...options }: CaptureOptions,
) {
  checkName("snapshot", snapshotName);
  const { onProgress: _, ...rest } = options;
  const cloneOptions = { ...rest, snapshotName: temporarySnapshot, flatten: true };
  return { prepared: await prepareCurrent(cluster, cloneOptions), cloneOptions, snapshotName };
}

function capturePhases({ plan }: PreparedClone): CapturePhase[] {
  return [...derivePhases(plan), "template-snapshot", "template-protect"];
}
