import {
  createSnapshotStep,
  openSource,
  protectStep,
  readCloneFormat,
  readSourceFacts,
} from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { checkName, type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { type FlowOptions, StepRunner } from "../operation/index.ts";

export type VolumeSnapshotPhase = "snapshot" | "protect";

export interface VolumeSnapshotOptions extends FlowOptions<VolumeSnapshotPhase> {
  /** `pool/[namespace/]image` */
  volume: ImageSpecLike;
  /** The snapshot's name, without the `@`. */
  name: string;
  /** Default: when clones of it will have clone format 1, which needs a protected snapshot. */
  protect?: boolean | undefined;
}

export interface VolumeSnapshotResult {
  snapshot: Required<ImageSpec>;
  id: bigint;
  protected: boolean;
}

/**
 * Creates a snapshot of a volume that volumes can be made from: protected where that is needed. When protecting it fails,
 * the snapshot is removed again.
 *
 * Source: Cinder's snapshots, which are always protected.
 *
 * @throws {CoppiceError} `INVALID_NAME`; `NOT_FOUND`: the volume; `EXISTS`: the snapshot; `UNDO_FAILED`
 */
export async function createVolumeSnapshot(
  cluster: Cluster,
  options: VolumeSnapshotOptions,
): Promise<VolumeSnapshotResult> {
  const { name, signal } = options;
  signal?.throwIfAborted();
  const volume = toImageOnly(options.volume);
  checkName("snapshot", name);
  const known = await readKnown(cluster, volume, name);
  const protects = options.protect ?? (await readCloneFormat(cluster, volume.pool, undefined)).format === 1;
  const runner = new StepRunner<VolumeSnapshotPhase>(
    protects ? ["snapshot", "protect"] : ["snapshot"],
    options,
  );
  const { undo } = runner;
  try {
    await using image = await openImage(cluster, volume);
    const create = () => createSnapshotStep(cluster, volume, image, name, known, undo);
    const id = await runner.run("snapshot", create);
    if (protects) await runner.run("protect", () => protectStep(cluster, volume, image, name, undo));
    runner.finish();
    return { snapshot: { ...volume, snapshot: name }, id, protected: protects };
  } catch (error) {
    return await runner.fail(error, "createVolumeSnapshot");
  }
}

/** The ids of the existing snapshots. @throws {CoppiceError} `NOT_FOUND`, `EXISTS` */
async function readKnown(cluster: Cluster, volume: ImageSpec, name: string): Promise<ReadonlySet<bigint>> {
  await using image = await openSource(cluster, volume);
  const { snapshots } = await readSourceFacts(cluster, volume, image);
  if (!snapshots.some((each) => each.kind === "user" && each.name === name)) {
    return new Set(snapshots.map(({ id }) => id));
  }
  const object = showImageSpec({ ...volume, snapshot: name });
  throw new CoppiceError({
    code: "EXISTS",
    call: "createVolumeSnapshot",
    object,
    message: `the snapshot ${object} exists already`,
    hint: "Choose another name, or remove that snapshot first.",
  });
}
