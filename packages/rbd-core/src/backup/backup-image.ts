import { randomUUID } from "node:crypto";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { beginOperation, type Operation } from "../operation/index.ts";
import {
  completeManifest,
  identityOf,
  type TransferLimits,
  type TransferOptions,
} from "../transfer/index.ts";
import { type BackupReason, type BackupRecord, type BackupSource, newestBackup } from "./backup-record.ts";
import {
  backupDetails,
  backupKind,
  type FindBackupTarget,
  isSameLocation,
  type PendingBackup,
  pendingOf,
  type RetiredSnapshots,
  removePendingSnapshot,
  retireSnapshots,
  settleInterrupted,
} from "./backup-source.ts";
import type { BackupChain, BackupTarget, ChainProblem, NewRecord } from "./backup-target.ts";
import { readAllDigests } from "./chain-digests.ts";
import { checkBackupId, formatCinderSnapshot, toCinderTimestamp } from "./cinder/cinder-format.ts";

export interface BackupImageOptions extends TransferOptions {
  /** `pool/[namespace/]image` */
  readonly image: ImageSpecLike;
  readonly target: BackupTarget;
  /**
   * - `full`: everything, as a new chain.
   * - `incremental`: what changed since the newest point, or since `parent`. Fails where that is not possible.
   * - `auto` (default): incremental where possible, otherwise full, with the reason in the result.
   */
  readonly kind?: "full" | "incremental" | "auto" | undefined;
  /** For `incremental`: the id of the backup to build on, which must be the newest of its chain. */
  readonly parent?: string | undefined;
  /** For `auto`: a chain that is broken is an error, and no reason for a full backup. Default false. */
  readonly refuseBrokenChain?: boolean | undefined;
  /** For `auto`: a chain with that many points is not extended. Default: no limit. */
  readonly maximumPoints?: number | undefined;
  /** The backup's id. Default: a new UUID. */
  readonly id?: string | undefined;
  /** At most 64. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Retention keeps the backup. Default false. */
  readonly protected?: boolean | undefined;
  /** A UUID that the backups of several images of one instant share. */
  readonly set?: string | undefined;
  /** What Cinder keeps of the volume, as text. */
  readonly volumeMetadata?: string | undefined;
  readonly limits?: TransferLimits | undefined;
  /** `never` does not use the object maps, for a cluster where they cannot be trusted. */
  readonly fastDiff?: "auto" | "never" | undefined;
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined;
}

export interface BackupImageResult {
  readonly backup: BackupRecord;
  /** The snapshots of the source that were removed since no increment needs them, and those that could not be. */
  readonly retired: RetiredSnapshots;
}

/**
 * Backs an image up to a target: a snapshot of the image is taken, what changed since the newest backup is copied, read back
 * and compared with digests, and only then the backup exists. The image may be in use. The snapshot stays, since the next
 * increment is taken from it; that of the backup before is removed.
 *
 * When it fails or is aborted, everything is as before. When its process dies, the next backup of the image, or `reconcile`,
 * undoes what was not complete.
 *
 * @throws {CoppiceError} `BUSY` while another process backs the image up or works on its chain; `NOT_FOUND`, `NOT_A_COPY` when
 * an increment is asked for and not possible; `VERIFICATION_FAILED` when what was read back differs; `NO_SPACE`, `QUOTA_EXCEEDED`;
 * `LEASE_LOST`; the signal's reason
 *
 * @example
 * const target = await openPoolTarget(cluster, { pool: "backups" });
 * const { backup } = await backupImage(cluster, { image: "rbd/vm-1", target });
 * console.log(backup.id, backup.kind, backup.why);
 */
export async function backupImage(cluster: Cluster, options: BackupImageOptions): Promise<BackupImageResult> {
  const place = toImageOnly(options.image);
  const { target, signal, id = randomUUID() } = options;
  checkBackupId(id);
  checkRequest(place, options);
  const source = await identify(cluster, place);
  const newChain = target.newChain(source, id);
  const request = { image: place, purpose: "backup", kind: backupKind, details: backupDetails([]), signal };
  await using operation = await beginOperation(cluster, request);
  const targetAt: FindBackupTarget = async (location) =>
    isSameLocation(target.location, location) ? target : undefined;
  const { left: others } = await settleInterrupted(cluster, operation, targetAt);
  await operation.update(backupDetails(others));
  const run: BackupRun = { cluster, place, source, target, id, operation, others, options };
  try {
    return await backUp(run, newChain);
  } finally {
    // Otherwise the record names the snapshot that could not be removed, or an interrupted backup to another target.
    if (!operation.isLost && pendingOf(operation).length === 0) await operation.end();
  }
}

/** One call of {@link backupImage}, once the source is its own. */
interface BackupRun {
  readonly cluster: Cluster;
  readonly place: ImageSpec;
  readonly source: SourceIdentity;
  readonly target: BackupTarget;
  readonly id: string;
  readonly operation: Operation;
  /** Interrupted backups to other targets, which stay recorded. */
  readonly others: readonly PendingBackup[];
  readonly options: BackupImageOptions;
}

type SourceIdentity = Omit<BackupSource, "snapshot"> & {
  /** In the order in which they were taken. */
  readonly snapshots: readonly { readonly id: bigint; readonly name: string }[];
};

async function backUp(run: BackupRun, newChain: string): Promise<BackupImageResult> {
  const { target, operation, options, cluster, place } = run;
  const { points } = await target.list({ source: run.source, signal: operation.signal });
  const decided = await openDecided(run, points, newChain);
  const { chain } = decided;
  await using _ = chain;
  const { now = () => new Date() } = options;
  const startedAt = now();
  const { id } = run;
  const name = formatCinderSnapshot({ backupId: id, timestamp: toCinderTimestamp(startedAt) });
  const known = String(run.source.snapshots.at(-1)?.id ?? 0n);
  const pending = { id, chain: chain.name, location: target.location, snapshot: name, known };
  await operation.update(backupDetails([...run.others, pending]));
  try {
    const backup = await makePoint(run, decided, { name, known, startedAt });
    const retired = await retireSnapshots(cluster, place, points, backup);
    await operation.update(backupDetails(run.others));
    return { backup, retired };
  } catch (error) {
    operation.throwIfLost();
    // After the commit the backup stays, whatever failed then.
    if ((await target.find(id)) === null) await removePendingSnapshot(cluster, operation, pending);
    await operation.update(backupDetails(run.others));
    throw operation.signal.aborted ? operation.signal.reason : error;
  }
}

interface DecidedBackup extends KindDecision {
  readonly chain: BackupChain;
  readonly parent: BackupRecord | null;
}

/** Takes the source's snapshot, brings the data over, and commits. */
async function makePoint(
  { cluster, place, source, target, id, operation, options }: BackupRun,
  { chain, parent, kind, reason, why }: DecidedBackup,
  { name, known, startedAt }: { readonly name: string; readonly known: string; readonly startedAt: Date },
): Promise<BackupRecord> {
  // Whichever lease is lost first, nothing is changed any more.
  const signal = AbortSignal.any([operation.signal, chain.signal]);
  signal.throwIfAborted();
  const snapshot = await takeSnapshot(cluster, place, name, BigInt(known));
  const { snapshots: _, ...identity } = source;
  const appended = await chain.append(
    {
      id,
      name,
      parent,
      source: { cluster, image: place, from: parent?.source.snapshot.name ?? null, to: name },
    },
    { limits: options.limits, fastDiff: options.fastDiff, onProgress: options.onProgress, signal },
  );
  const digests =
    parent === null
      ? appended.digests
      : await completeManifest(cluster, {
          image: place,
          snapshot: name,
          previous: await readAllDigests(target, parent, { signal }),
          changed: appended.digests,
          limits: options.limits,
          signal,
        });
  signal.throwIfAborted();
  const { now = () => new Date() } = options;
  const { bytesRead, bytesWritten, bytesSkipped } = appended;
  const record: NewRecord = {
    version: 1,
    id,
    chain: chain.name,
    parent: parent?.id ?? null,
    kind,
    reason,
    why,
    source: { ...identity, snapshot: { name, id: String(snapshot.id) } },
    stored: appended.stored,
    size: appended.size,
    objectSize: appended.objectSize,
    transfer: { bytesRead, bytesWritten, bytesSkipped },
    startedAt: startedAt.toISOString(),
    pointAt: snapshot.timestamp.toISOString(),
    completedAt: now().toISOString(),
    engine,
    labels: { ...options.labels },
    protected: options.protected ?? false,
    set: options.set ?? null,
    volumeMetadata: options.volumeMetadata ?? null,
    state: "complete",
    checks: { quick: null, deep: null, source: null },
  };
  const backup = await chain.commit(record, digests);
  const problem = await chain.problem(backup);
  if (problem === null) return backup;
  throw new CoppiceError({
    code: "IO",
    call: "backupImage",
    object: id,
    message: `the backup ${id} was written, and is not there as it should be: ${problem.what}`,
    hint: "See that no other program changes the target, and check the backup with `verifyBackup`.",
  });
}

/** Which program and version made a backup. It stands here, since a bundle has no package.json beside it. */
export const engine: BackupRecord["engine"] = { name: "coppice", version: "0.1.0" };

async function identify(cluster: Cluster, place: ImageSpec): Promise<SourceIdentity> {
  const object = showImageSpec(place);
  await using image = await openImage(cluster, place, { readOnly: true });
  return await withCoppiceErrors({ object, what: `${object} could not be examined` }, async () => {
    const snapshots = await image.listSnapshots();
    return { ...(await identityOf(cluster, place, image)), snapshots };
  });
}

/** Takes the snapshot. The caller removes it, also when this fails: the answer may have been lost. */
async function takeSnapshot(
  cluster: Cluster,
  place: ImageSpec,
  name: string,
  known: bigint,
): Promise<{ readonly id: bigint; readonly timestamp: Date }> {
  const object = showImageSpec({ ...place, snapshot: name });
  await using image = await openImage(cluster, place);
  return await withCoppiceErrors({ object, what: `${object} could not be made` }, async () => {
    await image.createSnapshot(name);
    const made = (await image.listSnapshots()).find((each) => each.name === name && each.id > known);
    if (made !== undefined) return made;
    throw new CoppiceError({
      code: "SOURCE_CHANGED",
      call: "backupImage",
      object,
      message: `${object} was removed right after it was made`,
      hint: "See that nothing else removes the snapshots of backups.",
    });
  });
}

/** Opens the chain that the backup goes to: the one to extend, or a new one. */
async function openDecided(
  run: BackupRun,
  points: readonly BackupRecord[],
  newChain: string,
): Promise<DecidedBackup> {
  const { target, operation, source, options } = run;
  const { signal } = operation;
  const request = { ...options, kind: options.kind ?? "auto" } as const;
  const complete = points.filter(({ state }) => state === "complete");
  const parent = request.kind === "full" ? null : findParent(complete, options.parent);
  if (parent !== null) {
    const chain = await target.openChain(parent.chain, { signal });
    try {
      const inChain = await chain.points();
      const problem = await chain.problem(parent);
      const facts = { parent, points: inChain, snapshots: source.snapshots, problem };
      const decided = decideKind(request, facts);
      if (decided.kind === "incremental") return { ...decided, chain, parent };
      await chain[Symbol.asyncDispose]();
      return { ...decided, chain: await target.openChain(newChain, { signal }), parent: null };
    } catch (error) {
      await chain[Symbol.asyncDispose]();
      throw error;
    }
  }
  if (request.kind === "incremental") throw noParent(run);
  const decided = decideKind(request, null);
  return { ...decided, chain: await target.openChain(newChain, { signal }), parent: null };
}

/** The backup to build on: the one that is named, or the one that was taken last. */
function findParent(points: readonly BackupRecord[], id: string | undefined): BackupRecord | null {
  return id === undefined ? newestBackup(points) : (points.find((point) => point.id === id) ?? null);
}

/** Everything that decides whether a backup can build on another one. */
export interface ParentFacts {
  readonly parent: BackupRecord;
  /** Of its chain, oldest first. */
  readonly points: readonly BackupRecord[];
  /** Of the source. */
  readonly snapshots: readonly { readonly id: bigint; readonly name: string }[];
  /** What the chain's target says. */
  readonly problem: ChainProblem | null;
}

export interface KindDecision {
  readonly kind: "full" | "incremental";
  readonly reason: BackupReason;
  /** One sentence without a full stop. */
  readonly why: string;
}

type KindRequest = Pick<BackupImageOptions, "refuseBrokenChain" | "maximumPoints"> & {
  readonly kind: "full" | "incremental" | "auto";
};

/**
 * Decides whether a backup is full or incremental, and says why. Pure.
 *
 * @param facts Null when there is no backup to build on.
 * @throws {CoppiceError} when an increment is asked for and not possible, or the chain is broken and that is to be refused
 */
export function decideKind(request: KindRequest, facts: ParentFacts | null): KindDecision {
  if (request.kind === "full")
    return { kind: "full", reason: "requested", why: "a full backup was asked for" };
  if (facts === null) {
    return { kind: "full", reason: "first", why: "the target has no backup of this image" };
  }
  const { parent } = facts;
  const obstacle = findObstacle(request, facts);
  if (obstacle === null) {
    const why = `the backup ${parent.id} is the newest one of the image, and can be built on`;
    const isAsked = request.kind === "incremental";
    return { kind: "incremental", reason: isAsked ? "requested" : "extended", why };
  }
  const isRefused = request.refuseBrokenChain === true && obstacle.reason !== "chain-full";
  if (request.kind === "incremental" || isRefused) throw notExtensible(parent, obstacle.why);
  return { kind: "full", ...obstacle };
}

function findObstacle(
  { maximumPoints, kind }: KindRequest,
  { parent, points, snapshots, problem }: ParentFacts,
): Omit<KindDecision, "kind"> | null {
  if (problem !== null) return { reason: problem.reason, why: problem.what };
  if (points.at(-1)?.id !== parent.id) {
    return { reason: "parent-missing", why: `the backup ${parent.id} is not the newest one of its chain` };
  }
  const damaged = points.find(({ checks }) => Object.values(checks).some((check) => check?.ok === false));
  if (damaged !== undefined) {
    return { reason: "parent-damaged", why: `the last check of the backup ${damaged.id} found wrong data` };
  }
  const { name, id } = parent.source.snapshot;
  const found = snapshots.find((snapshot) => snapshot.name === name);
  if (found === undefined) {
    return { reason: "source-snapshot-missing", why: `the image has no snapshot ${name} any more` };
  }
  if (found.id !== BigInt(id)) {
    const why = `the snapshot ${name} of the image has the id ${found.id}, and is not the one with ${id} that was backed up`;
    return { reason: "source-snapshot-replaced", why };
  }
  if (kind === "auto" && maximumPoints !== undefined && points.length >= maximumPoints) {
    return {
      reason: "chain-full",
      why: `the chain has ${points.length} points, and may have ${maximumPoints}`,
    };
  }
  return null;
}

function notExtensible(parent: BackupRecord, why: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_A_COPY",
    call: "backupImage",
    object: parent.id,
    message: `no increment can be taken on the backup ${parent.id}: ${why}`,
    hint: "Make a full backup, which begins a new chain.",
  });
}

function noParent({ place, options }: BackupRun): CoppiceError {
  const object = showImageSpec(place);
  const { parent } = options;
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "backupImage",
    object,
    message: `the target has no backup${parent === undefined ? "" : ` ${parent}`} of ${object} to build on`,
    hint: "Make a full backup first.",
  });
}

function checkRequest(place: ImageSpec, { kind, parent, maximumPoints }: BackupImageOptions): void {
  const refuse = (message: string, hint: string) => {
    const object = showImageSpec(place);
    throw new CoppiceError({ code: "INVALID_ARGUMENT", call: "backupImage", object, message, hint });
  };
  if (parent !== undefined && kind !== "incremental") {
    refuse("a parent is named for a backup that is not incremental", "Ask for an incremental backup.");
  }
  if (maximumPoints !== undefined && !(Number.isSafeInteger(maximumPoints) && maximumPoints > 0)) {
    refuse(`${maximumPoints} is not a number of points`, "Give a whole number above 0.");
  }
}
