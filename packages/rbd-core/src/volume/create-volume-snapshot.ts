import type { Image } from "rbd-native";
import { z } from "zod";
import {
  createSnapshotStep,
  openSource,
  protectStep,
  readCloneFormat,
  readSourceFacts,
  type SourceFacts,
} from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { ignoreNotFound, objectMapObject } from "../headers/index.ts";
import { imageFeatures, openImage, waitForDeadClients } from "../image/index.ts";
import { checkName, type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import {
  beginOperation,
  type FlowOptions,
  type Operation,
  type Recover,
  type Recovery,
  readOperation,
  StepRunner,
} from "../operation/index.ts";

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
 * the snapshot is removed again. After the process died, the same call removes what was left and creates the snapshot
 * again, and `reconcile` finishes or undoes it.
 *
 * Source: Cinder's snapshots, which are always protected.
 *
 * @throws {CoppiceError} `INVALID_NAME`; `NOT_FOUND`: the volume; `EXISTS`: the snapshot; `BUSY` while another process
 * creates it; `LEASE_LOST`; `UNDO_FAILED`
 */
export async function createVolumeSnapshot(
  cluster: Cluster,
  options: VolumeSnapshotOptions,
): Promise<VolumeSnapshotResult> {
  const { name, signal } = options;
  signal?.throwIfAborted();
  const volume = toImageOnly(options.volume);
  checkName("snapshot", name);
  const facts = await readFacts(cluster, volume);
  await refuseTaken(cluster, volume, facts, name);
  const protects = options.protect ?? (await readCloneFormat(cluster, volume.pool, undefined)).format === 1;
  const request = { image: volume, purpose: purposeOf(name), kind: "snapshot", signal };
  const details = detailsOf(volume, facts, name, protects);
  await using operation = await beginOperation(cluster, { ...request, details });
  if (operation.interrupted !== null) {
    await recoverVolumeSnapshot(cluster, operation, { again: true });
    await operation.end();
    return await createVolumeSnapshot(cluster, options);
  }
  const runner = new StepRunner<VolumeSnapshotPhase>(protects ? ["snapshot", "protect"] : ["snapshot"], {
    ...options,
    signal: operation.signal,
  });
  try {
    const id = await createAndProtect(cluster, volume, facts, { name, protects }, runner);
    await operation.end();
    return { snapshot: { ...volume, snapshot: name }, id, protected: protects };
  } catch (error) {
    return await runner.fail(error, "createVolumeSnapshot").catch(async (failure: unknown) => {
      // Undone: otherwise the next call goes on with what is left.
      if (!hasCode(failure, "UNDO_FAILED")) await Promise.allSettled([operation.end()]);
      throw failure;
    });
  }
}

/** Several snapshots of a volume can be created at the same time, each under one record. No name contains a slash. */
function purposeOf(name: string): string {
  return `snapshot:${name}`;
}

async function createAndProtect(
  cluster: Cluster,
  volume: ImageSpec,
  { snapshots }: SourceFacts,
  { name, protects }: { readonly name: string; readonly protects: boolean },
  runner: StepRunner<VolumeSnapshotPhase>,
): Promise<bigint> {
  const { undo } = runner;
  await using image = await openImage(cluster, volume);
  const known = new Set(snapshots.map(({ id }) => id));
  const create = () => createSnapshotStep(cluster, volume, image, name, known, undo);
  const id = await runner.run("snapshot", create);
  if (protects) await runner.run("protect", () => protectStep(cluster, volume, image, name, undo));
  runner.finish();
  return id;
}

async function readFacts(cluster: Cluster, volume: ImageSpec): Promise<SourceFacts> {
  await using image = await openSource(cluster, volume);
  return await readSourceFacts(cluster, volume, image);
}

/** @throws {CoppiceError} `EXISTS`, unless the snapshot may be what an interrupted call left */
async function refuseTaken(
  cluster: Cluster,
  volume: ImageSpec,
  { snapshots }: SourceFacts,
  name: string,
): Promise<void> {
  if (!snapshots.some((each) => each.kind === "user" && each.name === name)) return;
  const ioCtx = await cluster.pool(volume.pool, volume.namespace);
  const reading = () => readOperation(ioCtx, volume.image, purposeOf(name));
  if ((await withCoppiceErrors({ object: showImageSpec(volume) }, reading)) !== null) return;
  const object = showImageSpec({ ...volume, snapshot: name });
  throw new CoppiceError({
    code: "EXISTS",
    call: "createVolumeSnapshot",
    object,
    message: `the snapshot ${object} exists already`,
    hint: "Choose another name, or remove that snapshot first.",
  });
}

const schema = z.object({
  pool: z.string(),
  namespace: z.string(),
  id: z.string(),
  snapshot: z.string(),
  protects: z.boolean(),
  /** The highest id that a snapshot of the volume has had: the new one has a higher one. */
  known: z.string(),
});
type SnapshotDetails = z.infer<typeof schema>;

function detailsOf(
  { pool, namespace }: ImageSpec,
  { id, history, snapshots }: SourceFacts,
  snapshot: string,
  protects: boolean,
): SnapshotDetails {
  const known = String(history?.sequence ?? snapshots.at(-1)?.id ?? 0n);
  return { pool, namespace, id, snapshot, protects, known };
}

/**
 * Finishes or undoes an interrupted snapshot of a volume: protects it where that was wanted, or removes it when it is about
 * to be created again, or when librbd had not finished it. One that has clones is always kept.
 *
 * @throws {CoppiceError}
 */
export const recoverVolumeSnapshot: Recover = async (cluster, operation, { again = false } = {}) => {
  const details = schema.safeParse(operation.record.details).data;
  const name = operation.record.image;
  if (details === undefined)
    return { outcome: "left", what: `the snapshot of ${name} is not recorded in full` };
  const { pool, namespace, id, snapshot } = details;
  const object = showImageSpec({ pool, namespace, image: name, snapshot });
  return await withCoppiceErrors(
    { object, what: `the interrupted snapshot ${object} could not be undone` },
    async () => {
      const ioCtx = await cluster.pool(pool, namespace);
      const opened = await ignoreNotFound(() => ioCtx.openImage({ id }));
      if (opened === null) return { outcome: "undone", what: `the volume of ${object} is gone` };
      await using image = opened;
      return await recoverOn(cluster, image, operation, details, object, again);
    },
  );
};

async function recoverOn(
  cluster: Cluster,
  image: Image,
  operation: Operation,
  { pool, namespace, snapshot, protects, known }: SnapshotDetails,
  object: string,
  again: boolean,
): Promise<Recovery> {
  await waitForDeadClients(cluster, image, operation);
  const made = (await image.listSnapshots()).find(
    (each) => each.namespace === "user" && each.name === snapshot && each.id > BigInt(known),
  );
  if (made === undefined) return { outcome: "undone", what: `the snapshot ${object} had not been created` };
  const hasClones = (await image.listChildren(made.id)).length > 0;
  const ioCtx = await cluster.pool(pool, namespace);
  const hasMap = async () =>
    ((await image.features()) & imageFeatures["object-map"]) === 0n ||
    (await ignoreNotFound(() => ioCtx.objects.stat(objectMapObject(image.id, made.id)))) !== null;
  if (hasClones || (!again && (await hasMap()))) {
    if (protects && !made.protected) await image.protectSnapshot(snapshot);
    return { outcome: "finished", what: `the snapshot ${object} is created` };
  }
  if (made.protected) await image.unprotectSnapshot(snapshot);
  await image.removeSnapshot(made.id);
  return { outcome: "undone", what: `the snapshot ${object} is removed` };
}
