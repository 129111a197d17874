import {
  type CloneChoices,
  type CloneFormat,
  type CloneRecord,
  checkSnapshotNameFree,
  createSnapshotStep,
  type DerivePhase,
  deriveImage,
  derivePhases,
  newCloneRecord,
  type PreparedClone,
  prepareCurrent,
  protectStep,
} from "../clone/index.ts";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { type Begin, makeImage, openImage } from "../image/index.ts";
import { checkName, type ImageSpec, type ImageSpecLike, toImageOnly, toRbdUrl } from "../names/index.ts";
import { type FlowOptions, type Operation, retryOnSourceChanged, StepRunner } from "../operation/index.ts";
import { templateSnapshot } from "../volume/index.ts";

/** After the template was derived from the disk, its snapshot is created and protected. */
export type CapturePhase = DerivePhase | "template-snapshot" | "template-protect";

export interface CapturePlanOptions extends CloneChoices {
  /** The disk: `pool/[namespace/]image`, or one of its snapshots. */
  source: ImageSpecLike;
  /** The template to create: `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** The template's snapshot. Default `snap`, as Glance names it. */
  snapshotName?: string | undefined;
  /** The name of the snapshot on the disk, if one has to be created. Default: a new one that starts with `coppice-`. */
  temporarySnapshot?: string | undefined;
  /** Uses this clone format whatever the cluster is configured to. */
  cloneFormat?: CloneFormat | undefined;
}

export type CaptureOptions = CapturePlanOptions & FlowOptions<CapturePhase>;

export interface CaptureResult {
  template: Required<ImageSpec>;
  /** `rbd://fsid/pool/image/snap`; `null` for a template in a namespace. */
  url: string | null;
  /** Ceph's id of the template. */
  id: string;
  /** Bytes. */
  size: number;
  /** Which state of the disk it is. */
  source: Required<ImageSpec>;
  /** Whether that snapshot existed before. */
  reused: boolean;
  /** Whether the disk is as it was before. False only when another clone depends on the snapshot by now. */
  unchanged: boolean;
  /** Sentences that a user should read. */
  warnings: string[];
}

/**
 * Creates a template from a disk, in the same pool or another one: a clone of the disk's current state (or of one of its
 * snapshots) is flattened, and gets a protected snapshot that disks can be cloned from. The disk may be in use, and is
 * left as it was found.
 *
 * Everything is checked before anything is changed; on failure or abort exactly what was made is undone. After the process
 * died, the same call removes what was left and creates the template again, and `reconcile` finishes or undoes it.
 *
 * Source: Nova's direct snapshot. Unlike there, a snapshot that holds the disk's current state is reused, and a failure
 * leaves neither a temporary snapshot nor an incomplete template.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `NOT_FOUND`, `EXISTS`, `UNSUPPORTED`: see `cloneImage`.
 * - `BUSY`, `INCOMPLETE`, `LEASE_LOST`, `SOURCE_CHANGED`: see `cloneImage`.
 * - `UNDO_FAILED`: a step failed, and `left` could not be undone.
 */
export function captureImage(cluster: Cluster, options: CaptureOptions): Promise<CaptureResult> {
  return retryOnSourceChanged(() => captureOnce(cluster, options));
}

function captureOnce(cluster: Cluster, options: CaptureOptions): Promise<CaptureResult> {
  options.signal?.throwIfAborted();
  return makeImage(cluster, {
    kind: "capture",
    target: toImageOnly(options.target),
    signal: options.signal,
    details: newCloneRecord(null),
    prepare: (begin) => prepareCapture(cluster, options, begin),
    make: (prepared, operation) => makeTemplate(cluster, options, prepared, operation),
  });
}

async function makeTemplate(
  cluster: Cluster,
  options: CaptureOptions,
  { prepared, cloneOptions, snapshotName }: Awaited<ReturnType<typeof prepareCapture>>,
  operation: Operation,
): Promise<CaptureResult> {
  const { signal } = operation;
  const runner = new StepRunner<CapturePhase>(capturePhases(prepared), { ...options, signal });
  const { undo } = runner;
  try {
    const derived = await deriveImage(cluster, prepared, { ...cloneOptions, signal }, operation, runner);
    const { id, plan, held, released } = derived;
    const { target } = plan;
    await using image = await openImage(cluster, target, { allowIncomplete: true });
    const create = () => createSnapshotStep(cluster, target, image, snapshotName, new Set(), undo);
    await runner.run("template-snapshot", create);
    await runner.run("template-protect", () => protectStep(cluster, target, image, snapshotName, undo));
    runner.finish();
    await operation.end();
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

/** Returns what {@link captureImage} would do, and changes nothing. @throws {CoppiceError} as that does */
export async function planCapture(
  cluster: Cluster,
  options: CapturePlanOptions & CallOptions,
): Promise<CapturePlan> {
  const { prepared, snapshotName } = await prepareCapture(cluster, options);
  checkSnapshotNameFree(prepared);
  const template = { ...prepared.plan.target, snapshot: snapshotName };
  return { template, phases: capturePhases(prepared), clone: prepared.plan };
}

async function prepareCapture(
  cluster: Cluster,
  { snapshotName = templateSnapshot, temporarySnapshot, ...options }: CaptureOptions,
  begin?: Begin<CloneRecord>,
) {
  checkName("snapshot", snapshotName);
  const { onProgress: _, ...rest } = options;
  const cloneOptions = { ...rest, snapshotName: temporarySnapshot, flatten: true };
  const prepared = await prepareCurrent(cluster, cloneOptions, async (facts) =>
    begin?.(newCloneRecord(facts, snapshotName)),
  );
  return { prepared, cloneOptions, snapshotName };
}

function capturePhases({ plan }: PreparedClone): CapturePhase[] {
  return [...derivePhases(plan), "template-snapshot", "template-protect"];
}
