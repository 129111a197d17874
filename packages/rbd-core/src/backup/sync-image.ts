import { createHash, randomUUID } from "node:crypto";
import { type Image, RbdError } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  createImage,
  findImage,
  openImage,
  prepareRemoval,
  removeOwnImage,
  waitForDeadClients,
} from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { beginOperation, type Operation, type Recover, registerRecovery } from "../operation/index.ts";
import {
  copyDiff,
  identityOf,
  newImageFeatures,
  readPoint,
  removePoint,
  type TransferLimits,
  type TransferOptions,
} from "../transfer/index.ts";
import { checkRetention, planRetention, type RetentionPolicy } from "./retention.ts";

export interface SyncImageOptions extends TransferOptions {
  readonly image: ImageSpecLike;
  readonly target: {
    /** The target's cluster; the source's without it. */
    readonly cluster?: Cluster | undefined;
    /** Is made when it does not exist, with the source's layout. */
    readonly image: ImageSpecLike;
    /** Keeps the data of a new target in another pool. */
    readonly dataPool?: string | undefined;
  };
  /** Which of the snapshots that syncs made stay, on the source and on the target. `{ keepLast: 1 }` without it. */
  readonly retention?:
    | { readonly source?: RetentionPolicy | undefined; readonly target?: RetentionPolicy | undefined }
    | undefined;
  readonly limits?: TransferLimits | undefined;
  /** `never` does not use the object maps, for a cluster where they cannot be trusted. */
  readonly fastDiff?: "auto" | "never" | undefined;
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined;
}

export interface SyncImageResult {
  /** The snapshot that both images have now. */
  readonly snapshot: string;
  /** The source's snapshot that the changes were taken from; null when everything was copied. */
  readonly from: string | null;
  /** Whether the target was made. */
  readonly created: boolean;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** What was read back and compared, holes included. */
  readonly bytesVerified: number;
  readonly removed: { readonly source: readonly string[]; readonly target: readonly string[] };
  /** Snapshots that the retention does not keep and that could not be removed, such as one with clones. */
  readonly kept: readonly { readonly snapshot: string; readonly why: string }[];
}

const keepLast: RetentionPolicy = { keepLast: 1 };

/**
 * Brings a copy of an image up to date, in the same or another cluster: takes a snapshot of the image, copies what changed since
 * the newest snapshot that both have, reads it back, and removes the older snapshots of earlier syncs on both sides. The first
 * call makes the copy. The image may be in use; the copy must not be written to by anybody else, and is rolled back where it was.
 *
 * Snapshots that syncs did not make are never removed, but are used as a common point where they are one, by the ids that
 * copies record. When it fails, the source's snapshot, and a target that it made, are removed. When its process dies, the
 * same call goes on with the same snapshot.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `NOT_A_COPY` when the target holds data and no snapshot that is a copy of one of the
 * source's; `BUSY` while another process syncs to it or has it open; `VERIFICATION_FAILED`; `INCOMPLETE` when the sync of
 * another image to the target was interrupted; the errors of `copyDiff`; the signal's reason
 *
 * @example
 * await syncImage(cluster, {
 *   image: "rbd/vm-1",
 *   target: { cluster: offsite, image: "copies/vm-1" },
 *   retention: { target: { daily: 7, weekly: 4 } },
 * });
 */
export async function syncImage(cluster: Cluster, options: SyncImageOptions): Promise<SyncImageResult> {
  const source = toImageOnly(options.image);
  const place = toImageOnly(options.target.image);
  const targetCluster = options.target.cluster ?? cluster;
  const { source: keepOnSource = keepLast, target: keepOnTarget = keepLast } = options.retention ?? {};
  for (const policy of [keepOnSource, keepOnTarget]) checkRetention(policy);
  if (targetCluster.fsid === cluster.fsid && showImageSpec(source) === showImageSpec(place)) {
    throw sameImage(place);
  }
  const origin = { fsid: cluster.fsid, ...source };
  const tag = tagOf(targetCluster, place);
  const fresh: SyncDetails = { version: 1, source: origin, snapshot: null, creates: false };
  const { signal: wanted } = options;
  const request = { image: place, purpose: "sync", kind: syncKind, details: fresh, signal: wanted };
  await using operation = await beginOperation(targetCluster, request);
  const found = detailsOf(operation);
  if (!isSameOrigin(found.source, origin)) throw otherSource(place, found);
  const { now = () => new Date() } = options;
  const snapshot = found.snapshot ?? nameOf(tag, now());
  const isThere = (await findImage(targetCluster, place, operation.record.clients)).state !== "absent";
  const details = { ...fresh, snapshot, creates: found.creates || !isThere };
  await operation.update(details);
  const run = { cluster, source, targetCluster, place, operation, details, options };
  const { signal } = operation;
  try {
    await waitForDead(run);
    await takeSnapshot(cluster, source, snapshot);
    if (details.creates) await makeTarget(run);
    const common = await findCommon(run);
    const copied = common.has(snapshot) ? nothingCopied : await copyChanges(run, snapshot, common);
    signal.throwIfAborted();
    const kept: { snapshot: string; why: string }[] = [];
    const prune = (where: Cluster, image: ImageSpec, policy: RetentionPolicy) =>
      pruneSyncs(where, image, { tag, newest: snapshot, policy, kept });
    const onTarget = await prune(targetCluster, place, keepOnTarget);
    const onSource = await prune(cluster, source, keepOnSource);
    await operation.end();
    return {
      snapshot,
      created: details.creates,
      ...copied,
      removed: { source: onSource, target: onTarget },
      kept,
    };
  } catch (error) {
    operation.throwIfLost();
    await undoSync(run);
    await operation.end();
    throw error;
  }
}

interface SyncRun {
  readonly cluster: Cluster;
  readonly source: ImageSpec;
  readonly targetCluster: Cluster;
  readonly place: ImageSpec;
  readonly operation: Operation;
  readonly details: SyncDetails;
}

interface SyncCopy extends SyncRun {
  readonly options: SyncImageOptions;
}

const syncKind = "sync";

const detailsSchema = z.strictObject({
  version: z.literal(1),
  /** The image that is copied, by its name: its cluster may not be at hand when the sync is found interrupted. */
  source: z.strictObject({ fsid: z.string(), pool: z.string(), namespace: z.string(), image: z.string() }),
  /** The snapshot that is taken of it; null before that is decided. */
  snapshot: z.string().nullable(),
  /** Whether there was no image of the target's name before. */
  creates: z.boolean(),
});

type SyncDetails = z.infer<typeof detailsSchema>;

const detailsOf = ({ record }: Operation): SyncDetails => detailsSchema.parse(record.details);

const isSameOrigin = (a: SyncDetails["source"], b: SyncDetails["source"]) =>
  a.fsid === b.fsid && a.pool === b.pool && a.namespace === b.namespace && a.image === b.image;

/** Tells the snapshots for one target from those for another: one image can be kept in several places. */
function tagOf({ fsid }: Cluster, place: ImageSpec): string {
  const digest = createHash("sha256")
    .update(`${fsid} ${showImageSpec(place)}`)
    .digest("hex");
  return `coppice-sync.${digest.slice(0, 8)}`;
}

const nameOf = (tag: string, time: Date) =>
  `${tag}.${time.toISOString().replaceAll(/[-:]/g, "")}.${randomUUID().slice(0, 4)}`;

/** When a snapshot of a sync with this tag was taken; undefined for any other snapshot. */
function timeOf(tag: string, name: string): Date | undefined {
  if (!name.startsWith(`${tag}.`)) return undefined;
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)([\d.]{6})Z\.[0-9a-f]{4}$/.exec(name.slice(tag.length + 1));
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Waits until what an interrupted sync had open for writing is not open any more. */
async function waitForDead({ cluster, source, targetCluster, place, operation }: SyncRun): Promise<void> {
  if (operation.interrupted === null) return;
  const images = [[targetCluster, place] as const, [cluster, source] as const];
  for (const [where, spec] of images) {
    // The record knows the clients of its own cluster.
    if (where.fsid !== targetCluster.fsid) continue;
    const image = await ignoreMissing(() => openImage(where, spec, { readOnly: true }));
    if (image === undefined) continue;
    await using opened = image;
    await withCoppiceErrors({ object: showImageSpec(spec) }, () =>
      waitForDeadClients(where, opened, operation),
    );
  }
}

async function ignoreMissing<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** The random part of the name makes a snapshot of that name this sync's own. */
async function takeSnapshot(cluster: Cluster, source: ImageSpec, name: string): Promise<void> {
  const object = showImageSpec({ ...source, snapshot: name });
  await using image = await openImage(cluster, source);
  await withCoppiceErrors({ object, what: `${object} could not be made` }, async () => {
    const isThere = (await image.listSnapshots()).some((each) => each.name === name);
    if (!isThere) await image.createSnapshot(name);
  });
}

/** Makes the target, empty. One that an interrupted sync has made already stays. */
async function makeTarget({
  cluster,
  source,
  targetCluster,
  place,
  operation,
  options,
}: SyncCopy): Promise<void> {
  const found = await findImage(targetCluster, place, operation.record.clients);
  if (found.state === "created") return;
  if (found.state === "partly-created") await removeOwnImage(targetCluster, place, found.id, operation);
  await using image = await openImage(cluster, source, { readOnly: true });
  const layout = await withCoppiceErrors({ object: showImageSpec(source) }, async () => {
    const [{ objectSize }, stripe] = [await image.stat(), await image.stripe()];
    const isStriped = stripe.count > 1 || stripe.unit !== objectSize;
    return {
      objectSize,
      features: (await image.features()) & newImageFeatures,
      ...(isStriped ? { stripeUnit: stripe.unit, stripeCount: stripe.count } : {}),
    };
  });
  await prepareRemoval(targetCluster, place);
  await createImage(targetCluster, place, { ...layout, size: 0, dataPool: options.target.dataPool });
}

/** A snapshot of the source that the target has a copy of. */
interface CommonPoint {
  readonly id: bigint;
  /** Its name on the source, and that of its copy. */
  readonly name: string;
  readonly copy: string;
}

/** The snapshots that both have, by the source's names. */
async function findCommon({ cluster, source, targetCluster, place, operation }: SyncRun) {
  const { signal } = operation;
  await using from = await openImage(cluster, source, { readOnly: true });
  await using to = await openImage(targetCluster, place, { readOnly: true });
  const identity = await identityOf(cluster, source, from);
  return await withCoppiceErrors({ object: showImageSpec(place) }, async () => {
    const users = (await from.listSnapshots({ signal })).filter(({ namespace }) => namespace === "user");
    const byId = new Map(users.map((snapshot) => [snapshot.id, snapshot]));
    const common = new Map<string, CommonPoint>();
    const copies = (await to.listSnapshots({ signal })).filter(({ namespace }) => namespace === "user");
    for (const { id, name } of copies) {
      const point = await readPoint(to, id);
      const isOfSource =
        point?.source.fsid === identity.fsid &&
        point.source.poolId === identity.poolId &&
        point.source.imageId === identity.imageId;
      const original = isOfSource ? byId.get(point.snapshot.id) : undefined;
      if (original !== undefined)
        common.set(original.name, { id: original.id, name: original.name, copy: name });
    }
    if (common.size === 0 && copies.length > 0) throw noCommonPoint(place);
    return common;
  });
}

const nothingCopied = { from: null, bytesRead: 0, bytesWritten: 0, bytesVerified: 0 };

async function copyChanges(
  { cluster, source, targetCluster, place, operation, options }: SyncCopy,
  snapshot: string,
  common: ReadonlyMap<string, CommonPoint>,
) {
  const newest = [...common.values()].reduce<CommonPoint | undefined>(
    (last, point) => (last === undefined || point.id > last.id ? point : last),
    undefined,
  );
  const { bytesRead, bytesWritten, bytesVerified } = await copyDiff(cluster, {
    image: source,
    from: newest?.name,
    to: snapshot,
    target: { cluster: targetCluster, image: place, from: newest?.copy },
    verify: "changed",
    fastDiff: options.fastDiff,
    limits: options.limits,
    onProgress: options.onProgress,
    signal: operation.signal,
  });
  return { from: newest?.name ?? null, bytesRead, bytesWritten, bytesVerified };
}

interface PruneSyncs {
  readonly tag: string;
  /** Stays whatever the policy says: the next sync builds on it. */
  readonly newest: string;
  readonly policy: RetentionPolicy;
  readonly kept: { snapshot: string; why: string }[];
}

/** Removes what the policy does not keep of the snapshots that syncs to this target made. */
async function pruneSyncs(
  cluster: Cluster,
  place: ImageSpec,
  { tag, newest, policy, kept }: PruneSyncs,
): Promise<string[]> {
  const object = showImageSpec(place);
  const removed: string[] = [];
  await using image = await openImage(cluster, place);
  await withCoppiceErrors({ object, what: `old snapshots of ${object} could not be removed` }, async () => {
    const points = (await image.listSnapshots()).flatMap(
      ({ id, name, namespace, protected: isProtected }) => {
        const time = namespace === "user" ? timeOf(tag, name) : undefined;
        return time === undefined
          ? []
          : [{ id: name, snapshotId: id, time, isRestorable: true, isProtected }];
      },
    );
    for (const { point, reasons } of planRetention(points, policy)) {
      if (reasons.length > 0 || point.id === newest) continue;
      const why = await tryToRemove(image, point.id, point.snapshotId);
      if (why === null) removed.push(point.id);
      else kept.push({ snapshot: `${object}@${point.id}`, why });
    }
  });
  return removed;
}

/** @returns Why the snapshot could not be removed; null when it is. */
async function tryToRemove(image: Image, name: string, id: bigint): Promise<string | null> {
  try {
    if ((await image.listChildren(name)).length > 0) return "it has clones";
    // The other way round, a death in between would leave the record of a snapshot that is gone.
    await removePoint(image, id);
    await image.removeSnapshot(name);
    return null;
  } catch (error) {
    if (error instanceof RbdError) return error.message;
    throw error;
  }
}

/** Removes the source's snapshot, unless the target has it, and the target that this sync made, unless it has a point. */
async function undoSync({
  cluster,
  source,
  targetCluster,
  place,
  operation,
  details,
}: SyncRun): Promise<void> {
  const { snapshot, creates } = details;
  const target = await findImage(targetCluster, place, operation.record.clients);
  if (await hasSnapshot(targetCluster, place, snapshot)) return;
  if (creates && (target.state === "created" || target.state === "partly-created")) {
    await removeOwnImage(targetCluster, place, target.id, operation);
  }
  if (snapshot === null || !(await hasSnapshot(cluster, source, snapshot))) return;
  await using image = await openImage(cluster, source);
  await withCoppiceErrors({ object: showImageSpec({ ...source, snapshot }) }, () =>
    image.removeSnapshot(snapshot),
  );
}

async function hasSnapshot(cluster: Cluster, place: ImageSpec, name: string | null): Promise<boolean> {
  const image = await ignoreMissing(() =>
    openImage(cluster, place, { readOnly: true, allowIncomplete: true }),
  );
  if (image === undefined) return false;
  await using opened = image;
  return await withCoppiceErrors({ object: showImageSpec(place) }, async () =>
    (await opened.listSnapshots()).some((each) => each.name === name),
  );
}

/** Undoes a sync that was interrupted within one cluster. */
const recoverSync: Recover = async (cluster, operation) => {
  const details = detailsOf(operation);
  const { fsid, ...source } = details.source;
  const [from, to] = [showImageSpec(source), showImageSpec(operation.place)];
  if (await hasSnapshot(cluster, operation.place, details.snapshot)) {
    return { outcome: "finished", what: `${to} is a copy of ${from}@${details.snapshot}` };
  }
  if (fsid !== cluster.fsid) {
    const what = `the sync of ${from} in another cluster to ${to} was interrupted: the same call goes on with it`;
    return { outcome: "left", what };
  }
  const { place } = operation;
  await undoSync({ cluster, source, targetCluster: cluster, place, operation, details });
  return { outcome: "undone", what: `the snapshot that a sync of ${from} to ${to} took is removed` };
};

registerRecovery(syncKind, recoverSync);

function sameImage(place: ImageSpec): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "syncImage",
    object,
    message: `${object} cannot be a copy of itself`,
    hint: "Name another image as the target.",
  });
}

function otherSource(place: ImageSpec, { source: { fsid, ...source } }: SyncDetails): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "INCOMPLETE",
    call: "syncImage",
    object,
    message: `a sync of another image to ${object} was interrupted: of ${showImageSpec(source)} in the cluster ${fsid}`,
    hint: "Make that call again, or run `reconcile`; or choose another target.",
  });
}

function noCommonPoint(place: ImageSpec): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "NOT_A_COPY",
    call: "syncImage",
    object,
    message: `${object} has snapshots, and none of them is a copy of one that the source still has`,
    hint: "Choose a new name for the target: everything is copied then.",
  });
}
