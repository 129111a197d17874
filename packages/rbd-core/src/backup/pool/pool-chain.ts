import { isDeepStrictEqual } from "node:util";
import type { IoCtx } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { ignoreNotFound } from "../../headers/index.ts";
import {
  createImage,
  findImage,
  openImage,
  prepareRemoval,
  removeImage,
  removeOwnImage,
  removeOwnTrash,
  waitForDeadClients,
} from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import {
  beginOperation,
  type Operation,
  type Recover,
  type Recovery,
  recoverLeftovers,
  retryWhileBusy,
} from "../../operation/index.ts";
import {
  copyDiff,
  type DigestManifest,
  mergeManifests,
  newImageOptions,
  removePoint,
  undoCopy,
} from "../../transfer/index.ts";
import type { BackupRecord, StoredPoint } from "../backup-record.ts";
import type {
  AppendedPoint,
  AppendOptions,
  BackupChain,
  ChainProblem,
  NewPoint,
  NewRecord,
} from "../backup-target.ts";
import { formatCinderMetadataObject } from "../cinder/cinder-format.ts";
import {
  addRecord,
  newGeneration,
  readDigests,
  readRecord,
  readRecords,
  removeDigests,
  removeRecord,
  replaceRecords,
  writeDigests,
} from "./pool-records.ts";

/** Where a chain's images are made, and how. */
export interface PoolPlace {
  readonly cluster: Cluster;
  readonly pool: string;
  readonly namespace: string;
  /** For the images of new chains; a chain keeps what it began with. */
  readonly layout: ChainLayout;
}

export interface ChainLayout {
  readonly dataPool?: string | undefined;
  /** Bytes. */
  readonly stripeUnit?: number | undefined;
  readonly stripeCount?: number | undefined;
}

/** What a process is doing to a chain: enough to undo or to finish it. Part of the chain's operation record. */
const doingSchema = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("nothing") }),
  z.strictObject({
    do: z.literal("append"),
    id: z.string(),
    /** The point's snapshot. */
    name: z.string(),
    /** The snapshot that it builds on; null when the chain's image is new. */
    from: z.string().nullable(),
    /** Of its digests. */
    generation: z.string(),
  }),
  z.strictObject({
    do: z.literal("remove"),
    id: z.string(),
    /** The next point of the chain, and the generations of its digests: those it has, and those it is going to have. */
    child: z.strictObject({ id: z.string(), old: z.string(), generation: z.string() }).nullable(),
  }),
]);
type Doing = z.infer<typeof doingSchema>;
type Appending = Extract<Doing, { do: "append" }>;
type Removing = Extract<Doing, { do: "remove" }>;

const detailsSchema = z.strictObject({ version: z.literal(1), doing: doingSchema });
const detailsOf = (doing: Doing): z.infer<typeof detailsSchema> => ({ version: 1, doing });

const kind = "backup-chain";
const purpose = "chain";

/** Opens a chain of a pool, as {@link BackupTarget.openChain} says. */
export async function openPoolChain(
  place: PoolPlace,
  name: string,
  signal: AbortSignal | undefined,
): Promise<BackupChain> {
  const { cluster, pool, namespace } = place;
  const image: ImageSpec = { pool, namespace, image: name };
  const details = detailsOf({ do: "nothing" });
  const operation = await beginOperation(cluster, { image, purpose, kind, details, signal });
  try {
    if (operation.interrupted !== null) {
      const { outcome, what } = await recoverLeftovers(cluster, operation);
      if (outcome === "left") throw incomplete(image, what);
      await operation.update(details, kind);
    }
    const ioCtx = await cluster.pool(pool, namespace);
    return new PoolChain(place, ioCtx, image, operation);
  } catch (error) {
    await operation[Symbol.asyncDispose]();
    throw error;
  }
}

function incomplete(image: ImageSpec, what: string): CoppiceError {
  return new CoppiceError({
    code: "INCOMPLETE",
    call: "openChain",
    object: showImageSpec(image),
    message: `an interrupted backup left ${showImageSpec(image)}: ${what}`,
    hint: "Look at the image with `rbd info` and `rbd snap ls`, and begin a new chain with a full backup.",
  });
}

class PoolChain implements BackupChain {
  readonly name: string;
  readonly #place: PoolPlace;
  readonly #ioCtx: IoCtx;
  readonly #image: ImageSpec;
  readonly #operation: Operation;
  #appending: Appending | undefined;
  /** Nobody else changes the records while the chain is held: they are read once, and again after a change. */
  #points: readonly BackupRecord[] | undefined;
  /** The newest point, once it was found as its record says: nothing has been appended since. */
  #examined: string | undefined;

  constructor(place: PoolPlace, ioCtx: IoCtx, image: ImageSpec, operation: Operation) {
    this.name = image.image;
    this.#place = place;
    this.#ioCtx = ioCtx;
    this.#image = image;
    this.#operation = operation;
  }

  get signal(): AbortSignal {
    return this.#operation.signal;
  }

  async points(): Promise<readonly BackupRecord[]> {
    return await this.#run("its points could not be read", async () => {
      this.#points ??= await chainPoints(this.#ioCtx, this.name, this.signal);
      return this.#points;
    });
  }

  async problem(newest: BackupRecord): Promise<ChainProblem | null> {
    return await this.#run("it could not be examined", async () => {
      const what = await missingPoint(this.#place.cluster, this.#image, newest, this.signal);
      if (what !== null) return { reason: "parent-missing", what };
      const last = (await this.points()).at(-1);
      if (last?.id !== newest.id) {
        const after = `the backup ${newest.id} is not the newest one of the chain ${this.name}`;
        return { reason: "parent-missing", what: after };
      }
      try {
        await readDigests(this.#ioCtx, newest, this.signal);
        this.#examined = newest.id;
        return null;
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error;
        return { reason: "digests-missing", what: error.message };
      }
    });
  }

  async append(point: NewPoint, options: AppendOptions = {}): Promise<AppendedPoint> {
    const { id, name, parent, source } = point;
    const newest = (await this.points()).at(-1);
    if (newest?.id !== parent?.id) throw notTheNewest(this.#image, parent, newest);
    if (newest !== undefined && newest.id !== this.#examined) {
      const problem = await missingPoint(this.#place.cluster, this.#image, newest, this.signal);
      if (problem !== null) throw notThere(this.#image, newest.id, problem);
    }
    const from = newest === undefined ? null : snapshotOf(newest).name;
    const generation = newGeneration();
    const appending: Appending = { do: "append", id, name, from, generation };
    await this.#operation.update(detailsOf(appending));
    this.#appending = appending;
    this.#examined = undefined;
    const signal =
      options.signal === undefined ? this.signal : AbortSignal.any([this.signal, options.signal]);
    const { cluster } = this.#place;
    if (from === null) await this.#createImage(source.cluster, source.image);
    const copied = await copyDiff(source.cluster, {
      image: source.image,
      from: source.from ?? undefined,
      to: source.to,
      target: { cluster, image: this.#image, snapshot: name, from: from ?? undefined },
      // The ids on both sides were compared with the parent's record, which Cinder's points have no note beside.
      trustNames: true,
      digests: true,
      verify: "changed",
      limits: options.limits,
      fastDiff: options.fastDiff,
      onProgress: options.onProgress,
      signal,
    });
    const stored = await this.#run("the new point could not be found", () => this.#stored(name, copied));
    const { manifest: digests, bytesRead, bytesWritten, bytesSkipped, size } = copied;
    return { stored, size, objectSize: digests.blockSize, digests, bytesRead, bytesWritten, bytesSkipped };
  }

  async #createImage(sourceCluster: Cluster, source: ImageSpec): Promise<void> {
    const { cluster, layout } = this.#place;
    await using original = await openImage(sourceCluster, source, { readOnly: true });
    const { objectSize } = await this.#run("the source could not be read", () => original.stat());
    await prepareRemoval(cluster, this.#image);
    await createImage(cluster, this.#image, { size: 0, ...newImageOptions(objectSize, layout) });
  }

  async #stored(name: string, { snapshotId }: { snapshotId: bigint | undefined }): Promise<StoredPoint> {
    await using image = await openImage(this.#place.cluster, this.#image, { readOnly: true });
    const id = snapshotId ?? (await image.snapshotId(name));
    return { kind: "snapshot", image: this.name, imageId: image.id, name, id: String(id) };
  }

  async commit(record: NewRecord, digests: DigestManifest): Promise<BackupRecord> {
    const appending = this.#appending;
    if (appending?.id !== record.id) throw new RangeError(`the backup ${record.id} was not appended`);
    const committed = await this.#run("the backup could not be committed", async () => {
      const written = await writeDigests(this.#ioCtx, record.id, appending.generation, digests);
      if (record.volumeMetadata !== null) {
        const object = formatCinderMetadataObject(record.id);
        await this.#ioCtx.objects.writeFull(object, record.volumeMetadata);
      }
      this.#operation.throwIfLost();
      const whole = { ...record, digests: written };
      this.#points = undefined;
      await this.#addRecord(whole);
      this.#appending = undefined;
      return whole;
    });
    await this.#operation.update(detailsOf({ do: "nothing" }));
    return committed;
  }

  /** A write whose answer was lost has taken effect when the record is there. */
  async #addRecord(record: BackupRecord): Promise<void> {
    try {
      await addRecord(this.#ioCtx, record);
    } catch (error) {
      const found = await readRecord(this.#ioCtx, record.id, undefined);
      if (!isDeepStrictEqual(found, record)) throw error;
    }
  }

  async update(record: BackupRecord): Promise<void> {
    await this.#run("the record could not be changed", async () => {
      const found = await readRecord(this.#ioCtx, record.id, this.signal);
      if (found === null || found.state !== "complete") throw noPoint(this.#image, record.id);
      const { labels, protected: isProtected, checks } = record;
      const changed = { ...found, labels, protected: isProtected, checks };
      if (!isDeepStrictEqual(changed, record)) throw otherFields(record.id);
      this.#points = undefined;
      await replaceRecords(this.#ioCtx, [changed]);
    });
  }

  async remove(id: string): Promise<void> {
    const points = await this.points();
    const index = points.findIndex((point) => point.id === id);
    const point = points[index];
    if (point === undefined) throw noPoint(this.#image, id);
    const { cluster } = this.#place;
    await this.#run("the backup could not be removed", () => refuseClones(cluster, this.#image, point));
    const next = points[index + 1];
    const child =
      next === undefined ? null : { id: next.id, old: next.digests.generation, generation: newGeneration() };
    const removing: Removing = { do: "remove", id, child };
    await this.#operation.update(detailsOf(removing));
    this.#points = undefined;
    this.#examined = undefined;
    await this.#run("the backup could not be removed", async () => {
      const { signal } = this;
      signal.throwIfAborted();
      const doomed: BackupRecord = { ...point, state: "removing" };
      if (next === undefined || child === null) await replaceRecords(this.#ioCtx, [doomed]);
      else {
        const manifests = [
          await readDigests(this.#ioCtx, point, signal),
          await readDigests(this.#ioCtx, next, signal),
        ];
        const merged = mergeManifests(manifests);
        const digests = await writeDigests(this.#ioCtx, next.id, child.generation, merged);
        this.#operation.throwIfLost();
        await replaceRecords(this.#ioCtx, [doomed, { ...next, parent: point.parent, digests }]);
        await removeDigests(this.#ioCtx, next.id, next.digests.generation);
      }
      await finishRemoval(cluster, this.#ioCtx, this.#image, doomed, this.#operation);
    });
    await this.#operation.update(detailsOf({ do: "nothing" }));
  }

  /** Removes what was appended and not committed, and gives the chain back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using operation = this.#operation;
    if (operation.isLost) return;
    if (this.#appending !== undefined || doingOf(operation).do !== "nothing") {
      const { outcome, what } = await recoverChain(this.#place.cluster, operation);
      if (outcome === "left") throw incomplete(this.#image, what);
    }
    await operation.end();
  }

  async #run<T>(what: string, action: () => Promise<T>): Promise<T> {
    const object = showImageSpec(this.#image);
    return await withCoppiceErrors({ object, what: `${what}: the chain ${object}` }, async () => {
      this.#operation.throwIfLost();
      return await action();
    });
  }
}

function doingOf(operation: Operation): Doing {
  return detailsSchema.parse(operation.record.details).doing;
}

/** The points of a chain by their records, oldest first. @throws {CoppiceError} for a record that cannot be read */
export async function chainPoints(
  ioCtx: IoCtx,
  chain: string,
  signal: AbortSignal | undefined,
): Promise<readonly BackupRecord[]> {
  const { points, problems } = await readRecords(ioCtx, { chain }, signal);
  const [problem] = problems;
  if (problem !== undefined) throw problem.error;
  return points.toSorted((a, b) => (snapshotOf(a).id < snapshotOf(b).id ? -1 : 1));
}

/** The snapshot of a point in a pool, with its id as a number. */
export function snapshotOf({ id, stored }: Pick<BackupRecord, "id" | "stored">): {
  readonly image: string;
  readonly imageId: string;
  readonly name: string;
  readonly id: bigint;
} {
  if (stored.kind === "snapshot") return { ...stored, id: BigInt(stored.id) };
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "snapshotOf",
    object: id,
    message: `the backup ${id} is not in a pool`,
    hint: "Use the target that lists it.",
  });
}

/** Why a point is not on its image as its record says; null when it is. @throws {RbdError} */
export async function missingPoint(
  cluster: Cluster,
  place: ImageSpec,
  point: Pick<BackupRecord, "id" | "stored" | "size">,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const { imageId, name, id } = snapshotOf(point);
  const spec = showImageSpec(place);
  try {
    await using image = await openImage(cluster, place, { readOnly: true, signal });
    if (image.id !== imageId) return `${spec} is another image than the one with the id ${imageId}`;
    const found = (await image.listSnapshots({ signal })).find((each) => each.id === id);
    if (found?.namespace !== "user") return `${spec} has no snapshot ${name} with the id ${id}`;
    if (found.name !== name) return `the snapshot ${name} of ${spec} was renamed to ${found.name}`;
    return found.size === point.size ? null : `${spec}@${name} has ${found.size} bytes, not ${point.size}`;
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return `there is no image ${spec}`;
    throw error;
  }
}

function noPoint(place: ImageSpec, id: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "backup",
    object: id,
    message: `the chain ${showImageSpec(place)} has no backup ${id}`,
    hint: "List the backups: it may have been removed.",
  });
}

function otherFields(id: string): CoppiceError {
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "update",
    object: id,
    message: `more than labels, protection and checks was changed in the record of the backup ${id}`,
    hint: "Read the record again, and change only those.",
  });
}

function notThere(place: ImageSpec, id: string, problem: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "append",
    object: id,
    message: `the chain ${showImageSpec(place)} cannot be extended: ${problem}`,
    hint: "Make a full backup, which begins a new chain.",
  });
}

function notTheNewest(
  place: ImageSpec,
  parent: BackupRecord | null,
  newest: BackupRecord | undefined,
): CoppiceError {
  const wanted = parent === null ? "no backup" : `the backup ${parent.id}`;
  const found = newest === undefined ? "none" : newest.id;
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "append",
    object: showImageSpec(place),
    message: `the next backup in the chain ${showImageSpec(place)} should build on ${wanted}, and its newest one is ${found}`,
    hint: "Only the newest backup of a chain can be extended.",
  });
}

async function refuseClones(cluster: Cluster, place: ImageSpec, point: BackupRecord): Promise<void> {
  const { id, name } = snapshotOf(point);
  // Cinder may have deleted the backup, and its image with the last one.
  await using image = await ignoreNotFound(() => openImage(cluster, place, { readOnly: true }));
  if (image === null) return;
  if (!(await image.listSnapshots()).some((each) => each.id === id)) return;
  const clones = await image.listChildren(name);
  if (clones.length === 0) return;
  const names = clones.map(({ poolName, imageName }) => `${poolName}/${imageName}`).join(", ");
  throw new CoppiceError({
    code: "BUSY",
    call: "deleteBackup",
    object: point.id,
    message: `the backup ${point.id} cannot be removed while there are clones of it: ${names}`,
    hint: "Flatten them first, or remove them.",
  });
}

/**
 * Removes the snapshot of a point whose record says that it is being removed, then what lies beside it, and the record last.
 * Each step may have been done before.
 */
async function finishRemoval(
  cluster: Cluster,
  ioCtx: IoCtx,
  place: ImageSpec,
  point: BackupRecord,
  operation: Operation,
): Promise<void> {
  const { points, problems } = await readRecords(ioCtx, { chain: place.image }, undefined);
  const isLast = points.length + problems.length <= 1;
  const isEmpty = await removePointSnapshot(cluster, place, point, operation);
  if (isLast && isEmpty) await retryWhileBusy(() => removeImage(cluster, place), operation);
  if (isLast) await removeFromTrash(ioCtx, snapshotOf(point).imageId);
  operation.throwIfLost();
  await ignoreNotFound(() => ioCtx.objects.remove(formatCinderMetadataObject(point.id)));
  await removeDigests(ioCtx, point.id, point.digests.generation);
  await removeRecord(ioCtx, point);
}

/** librbd removes an image by way of the trash: one whose remover died on the way is still there. */
async function removeFromTrash(ioCtx: IoCtx, imageId: string): Promise<void> {
  const entry = (await ioCtx.listTrash()).find(({ id }) => id === imageId);
  if (entry?.source === "removing") await ignoreNotFound(() => ioCtx.trashRemove(imageId, { force: true }));
}

/** @returns Whether the image is there and has no snapshots any more. */
async function removePointSnapshot(
  cluster: Cluster,
  place: ImageSpec,
  point: BackupRecord,
  operation: Pick<Operation, "signal">,
): Promise<boolean> {
  const { id, imageId } = snapshotOf(point);
  try {
    await using image = await openImage(cluster, place);
    // The image of that name may be another one by now.
    if (image.id !== imageId) return false;
    const isIt = (each: { id: bigint; namespace: string }) => each.id === id && each.namespace === "user";
    const found = (await image.listSnapshots()).find(isIt);
    if (found !== undefined) {
      await retryWhileBusy(() => image.removeSnapshot(found.name, { unprotect: true }), operation);
    }
    await removePoint(image, id);
    return (await image.listSnapshots()).length === 0;
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
}

/** Undoes an append that was not committed, or finishes a removal that had begun. */
export const recoverChain: Recover = async (cluster, operation) => {
  const { place } = operation;
  const object = showImageSpec(place);
  const what = `what was interrupted on the chain ${object} could not be examined`;
  return await withCoppiceErrors({ object, what }, async () => {
    const doing = doingOf(operation);
    const ioCtx = await cluster.pool(place.pool, place.namespace);
    await endWatches(cluster, operation);
    switch (doing.do) {
      case "nothing":
        return { outcome: "undone", what: `nothing was being changed in the chain ${object}` };
      case "append":
        return await recoverAppend(cluster, ioCtx, operation, doing);
      case "remove":
        return await recoverRemove(cluster, ioCtx, operation, doing);
    }
  });
};

/** Ends what the interrupted process still has open, which would keep everybody from writing to the chain's image. */
async function endWatches(cluster: Cluster, operation: Operation): Promise<void> {
  if (operation.interrupted === null) return;
  try {
    await using image = await openImage(cluster, operation.place, { readOnly: true });
    await waitForDeadClients(cluster, image, operation);
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
  }
}

async function recoverAppend(
  cluster: Cluster,
  ioCtx: IoCtx,
  operation: Operation,
  { id, name, from, generation }: Appending,
): Promise<Recovery> {
  const { place, record } = operation;
  const object = showImageSpec(place);
  if ((await readRecord(ioCtx, id, undefined)) !== null) {
    return { outcome: "finished", what: `the backup ${id} is complete in the chain ${object}` };
  }
  if (from === null) {
    const found = await findImage(cluster, place, record.clients);
    if (found.state === "partly-created") await removeImage(cluster, place);
    if (found.state === "created") {
      const others = await snapshotsOfOthers(cluster, place, name);
      if (others !== null) return { outcome: "left", what: `${object} has the snapshot ${others}` };
      await removeOwnImage(cluster, place, found.id, operation);
    }
    await removeOwnTrash(cluster, place, record.clients);
  } else await undoCopy(cluster, place, { snapshot: name, from });
  await removeDigests(ioCtx, id, generation);
  await ignoreNotFound(() => ioCtx.objects.remove(formatCinderMetadataObject(id)));
  return { outcome: "undone", what: `the interrupted backup ${id} is removed from the chain ${object}` };
}

/** A snapshot that somebody else made of a chain's new image; null when there is none. */
async function snapshotsOfOthers(cluster: Cluster, place: ImageSpec, own: string): Promise<string | null> {
  await using image = await openImage(cluster, place, { readOnly: true });
  const isOwn = ({ name }: { name: string }) => name === own || name.startsWith("coppice-copy-");
  return (await image.listSnapshots()).find((snapshot) => !isOwn(snapshot))?.name ?? null;
}

async function recoverRemove(
  cluster: Cluster,
  ioCtx: IoCtx,
  operation: Operation,
  { id, child }: Removing,
): Promise<Recovery> {
  const { place } = operation;
  const object = showImageSpec(place);
  const point = await readRecord(ioCtx, id, undefined);
  if (point !== null && point.state !== "removing") {
    if (child !== null) await removeDigests(ioCtx, child.id, child.generation);
    return { outcome: "undone", what: `the backup ${id} is as it was in the chain ${object}` };
  }
  if (child !== null) await removeDigests(ioCtx, child.id, child.old);
  if (point !== null) await finishRemoval(cluster, ioCtx, place, point, operation);
  return { outcome: "finished", what: `the backup ${id} is removed from the chain ${object}` };
}
