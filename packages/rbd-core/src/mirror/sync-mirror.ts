import { setTimeout as delay } from "node:timers/promises";
import { type Image, RbdError } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { type ConsistentSnapshotsOptions, createConsistentSnapshots } from "../snapshot-set/index.ts";
import {
  type CopyVerification,
  copyDiff,
  identityOf,
  isSameImage,
  readPoint,
  removePoint,
  type TransferLimits,
  type TransferProgress,
} from "../transfer/index.ts";
import { type MirrorSet, type RecordedDisk, snapshotOfSet, snapshotPrefix } from "./mirror-record.ts";
import { type MirrorChoice, MirrorRun } from "./mirror-run.ts";

/** How far the set is that is being brought over. */
export interface MirrorProgress extends TransferProgress {
  /** The disk's name. */
  readonly disk: string;
  /** Which disk this is, from 1, of how many. */
  readonly disks: { readonly done: number; readonly total: number };
}

/** How sets are taken and brought over. */
export interface MirrorSetOptions
  extends Pick<
    ConsistentSnapshotsOptions,
    "freeze" | "thaw" | "freezeLimitMs" | "thawLimitMs" | "holdLimitMs" | "signal"
  > {
  readonly onProgress?: ((progress: MirrorProgress) => void) | undefined;
  readonly limits?: TransferLimits | undefined;
  /** How each copy is compared with its source before it counts. `changed` without it: everything that was moved. */
  readonly verify?: CopyVerification | undefined;
  /** `never` does not use the object maps, for a cluster where they cannot be trusted. */
  readonly fastDiff?: "auto" | "never" | undefined;
}

export interface SyncMirrorOptions extends MirrorChoice, MirrorSetOptions {}

export interface MirrorSync {
  /** The set that is complete now. */
  readonly set: MirrorSet;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** What was read back and compared, holes included. */
  readonly bytesVerified: number;
  /** For how long writers had to wait, in milliseconds. */
  readonly heldMs: number;
  /** Snapshots that nothing needs any more and that could not be removed, such as one with clones. They are tried again. */
  readonly kept: readonly { readonly snapshot: string; readonly why: string }[];
}

/**
 * Brings a mirror up to date: takes snapshots of all sources that show one instant, and copies what changed since the last
 * set to the mirrors. The new set counts once all mirrors hold it, which is one write; until then the last one stays complete
 * on them. Only then the snapshots of older sets are removed, on both ends. The sources may be in use.
 *
 * When it fails or its process dies, the next call goes on with the set that was begun, and then takes one more.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the mirror or an image; `BUSY` while another process drives the mirror, or has one of its
 * images open; `INVALID_ARGUMENT` when the mirror is not being mirrored, or for another cluster; `SOURCE_CHANGED` when another image has a
 * source's name by now; `NOT_A_COPY` when another has a mirror's; the errors of `createConsistentSnapshots` and `copyDiff`; the
 * signal's reason
 *
 * @example
 * const { set, bytesWritten } = await syncMirror(cluster, { mirror: "fast/vm-1", target: { cluster: offsite } });
 */
export async function syncMirror(cluster: Cluster, options: SyncMirrorOptions): Promise<MirrorSync> {
  await using run = await MirrorRun.begin(cluster, options, options.signal);
  await run.settle();
  return await run.work(() => bringFreshSet(run, options));
}

/** Keeps to `lagTargetSeconds` as long as no sync takes longer than two fifths of it. */
export interface FollowMirrorOptions extends SyncMirrorOptions {
  /** How old the newest complete set may become, in seconds; at least 1. */
  readonly lagTargetSeconds: number;
}

/**
 * Synchronises a mirror again and again, such that its newest complete set is no older than the target, if syncs are quick
 * enough. Yields after each sync; leaving the loop, or aborting, ends it. The mirror's lease is held during syncs only, so that
 * another process can pivot meanwhile.
 *
 * @throws {CoppiceError} as `syncMirror`; `INVALID_ARGUMENT`
 *
 * @example
 * for await (const { set } of followMirror(cluster, { mirror: "fast/vm-1", lagTargetSeconds: 60, signal })) {
 *   console.log(set.takenAt);
 * }
 */
export async function* followMirror(
  cluster: Cluster,
  options: FollowMirrorOptions,
): AsyncGenerator<MirrorSync, never, undefined> {
  const { lagTargetSeconds, signal } = options;
  if (!(lagTargetSeconds >= 1 && lagTargetSeconds < 2 ** 31 / 1000)) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "followMirror",
      message: `${lagTargetSeconds} seconds is no target for the lag`,
      hint: "Give at least 1.",
    });
  }
  for (;;) {
    const began = performance.now();
    yield await syncMirror(cluster, options);
    const pause = pauseBetween(lagTargetSeconds * 1000, performance.now() - began);
    await delay(pause, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  }
}

/**
 * For how long to wait after a sync, in milliseconds. Pure. Just before a set is complete, the last one is as old as the pause,
 * the last sync and this one together; this one may take half as long again.
 */
export function pauseBetween(lagTargetMs: number, lastMs: number): number {
  return Math.max(0, lagTargetMs - 2.5 * lastMs);
}

type Brought = Pick<MirrorSync, "bytesRead" | "bytesWritten" | "bytesVerified" | "heldMs" | "kept">;

/** Completes the set that was begun, if there is one, and then one that is taken now. */
export async function bringFreshSet(run: MirrorRun, options: MirrorSetOptions): Promise<MirrorSync> {
  run.checkCluster();
  const hasBegun = run.record.next !== null && run.record.next.takenAt !== null;
  const before = hasBegun ? await bringSet(run, options) : undefined;
  const now = await bringSet(run, options);
  const { complete } = run.describe();
  if (complete === null) throw new TypeError("a set was completed");
  const sum = (what: "bytesRead" | "bytesWritten" | "bytesVerified" | "heldMs") =>
    now[what] + (before?.[what] ?? 0);
  return {
    set: complete,
    bytesRead: sum("bytesRead"),
    bytesWritten: sum("bytesWritten"),
    bytesVerified: sum("bytesVerified"),
    heldMs: sum("heldMs"),
    kept: now.kept,
  };
}

/** Takes a set, unless one was taken that is not complete; completes it, and removes what is not needed any more. */
export async function bringSet(run: MirrorRun, options: MirrorSetOptions): Promise<Brought> {
  await checkImages(run);
  const heldMs = await takeSet(run, options);
  const set = run.record.next;
  if (set === null) throw new TypeError("a set was taken");
  let [bytesRead, bytesWritten, bytesVerified] = [0, 0, 0];
  for (const index of run.record.disks.keys()) {
    const copied = await copyDisk(run, index, snapshotOfSet(run.record, set.number), options);
    bytesRead += copied.bytesRead;
    bytesWritten += copied.bytesWritten;
    bytesVerified += copied.bytesVerified;
  }
  run.signal.throwIfAborted();
  await run.advance({ type: "set-complete" });
  return { bytesRead, bytesWritten, bytesVerified, heldMs, kept: await removeRetired(run) };
}

/** @throws {CoppiceError} `SOURCE_CHANGED`, `NOT_A_COPY` when another image has the name of one of the mirror's */
async function checkImages({ cluster, targetCluster, record }: MirrorRun): Promise<void> {
  const checkSource = async (source: RecordedDisk["source"]) => {
    const spec = imageOf(source);
    await using image = await openImage(cluster, spec, { readOnly: true });
    const { poolId, imageId } = await identityOf(cluster, spec, image);
    if (poolId !== source.poolId || imageId !== source.imageId) throw otherImage(spec, "SOURCE_CHANGED");
  };
  const checkMirror = async ({ mirror, mirrorId }: RecordedDisk) => {
    await using image = await openImage(targetCluster, mirror, { readOnly: true });
    if (image.id !== mirrorId) throw otherImage(mirror, "NOT_A_COPY");
  };
  await allSettledOrThrow(record.disks.flatMap((disk) => [checkSource(disk.source), checkMirror(disk)]));
}

function otherImage(spec: ImageSpec, code: "SOURCE_CHANGED" | "NOT_A_COPY"): CoppiceError {
  const object = showImageSpec(spec);
  return new CoppiceError({
    code,
    call: "syncMirror",
    object,
    message: `${object} is another image than the one that the mirror was started with`,
    hint: "Give the image its name back, or abort the mirror and start a new one.",
  });
}

/**
 * Takes snapshots of all sources, and records that they are there. A set that was taken and has lost a snapshot since is given
 * up, as one is of which it is not known whether it was taken; what is left of it goes when the next set is complete.
 */
async function takeSet(run: MirrorRun, options: MirrorSetOptions): Promise<number> {
  const { next } = run.record;
  if (next !== null && next.takenAt !== null && (await hasAllSources(run, next.number))) return 0;
  await run.advance({ type: "set-planned" });
  const { record, cluster } = run;
  const name = snapshotOfSet(record, record.lastSet);
  const at = run.now().toISOString();
  const { freeze, thaw, freezeLimitMs, thawLimitMs, holdLimitMs } = options;
  const { heldMs } = await createConsistentSnapshots(cluster, {
    snapshots: record.disks.map(({ source: { pool, namespace, image } }) => {
      return { image: { pool, namespace, image }, name };
    }),
    freeze,
    thaw,
    freezeLimitMs,
    thawLimitMs,
    holdLimitMs,
    signal: run.signal,
  });
  await run.advance({ type: "set-taken", at });
  return heldMs;
}

async function hasAllSources({ cluster, record, signal }: MirrorRun, set: number): Promise<boolean> {
  for (const { source } of record.disks) {
    await using image = await openImage(cluster, source, { readOnly: true });
    const snapshots = await image.listSnapshots({ signal });
    if (!snapshots.some(({ name }) => name === snapshotOfSet(record, set))) return false;
  }
  return true;
}

const nothingCopied = { bytesRead: 0, bytesWritten: 0, bytesVerified: 0 };

/** Brings one snapshot of a disk over, from the newest one that both ends have; nothing is done when it is there. */
async function copyDisk(run: MirrorRun, index: number, snapshot: string, options: MirrorSetOptions) {
  const { cluster, targetCluster, record, signal } = run;
  const disk = record.disks[index];
  if (disk === undefined) throw new TypeError(`there is a disk ${index}`);
  const { name, mirror } = disk;
  const common = await findCommon(run, disk);
  if (common.has(snapshot)) return nothingCopied;
  const newest = [...common].reduce<[name: string, id: bigint] | undefined>(
    (last, point) => (last === undefined || point[1] > last[1] ? point : last),
    undefined,
  );
  const from = newest?.[0];
  const { onProgress } = options;
  const disks = { done: index + 1, total: record.disks.length };
  return await copyDiff(cluster, {
    image: imageOf(disk.source),
    from,
    to: snapshot,
    target: { cluster: targetCluster, image: mirror },
    verify: options.verify ?? "changed",
    digests: false,
    fastDiff: options.fastDiff,
    limits: options.limits,
    onProgress:
      onProgress === undefined ? undefined : (progress) => onProgress({ ...progress, disk: name, disks }),
    signal,
  });
}

export const imageOf = ({ pool, namespace, image }: ImageSpec): ImageSpec => ({ pool, namespace, image });

/** The snapshots of the mirror's sets that a source has, and of which its mirror has a copy: ids on the source by name. */
async function findCommon(
  { cluster, targetCluster, record, signal }: MirrorRun,
  { source, mirror }: RecordedDisk,
): Promise<Map<string, bigint>> {
  await using from = await openImage(cluster, source, { readOnly: true });
  await using to = await openImage(targetCluster, mirror, { readOnly: true });
  const identity = await identityOf(cluster, source, from);
  const originals = new Map((await ownSnapshots(from, record.id, signal)).map(({ name, id }) => [name, id]));
  const common = new Map<string, bigint>();
  for (const { name, id } of await ownSnapshots(to, record.id, signal)) {
    const point = await readPoint(to, id);
    const isCopy =
      point !== undefined && isSameImage(point.source, identity) && originals.get(name) === point.snapshot.id;
    if (isCopy) common.set(name, point.snapshot.id);
  }
  return common;
}

/** The snapshots of an image that belong to a mirror, by the name that holds the mirror's id. */
export async function ownSnapshots(image: Image, mirrorId: string, signal?: AbortSignal) {
  const prefix = snapshotPrefix(mirrorId);
  return (await image.listSnapshots({ signal })).filter(
    ({ name, namespace }) => namespace === "user" && name.startsWith(prefix),
  );
}

/** Removes the snapshots of sets that nothing needs any more from both ends. Those that stay are tried again next time. */
async function removeRetired(run: MirrorRun): Promise<MirrorSync["kept"]> {
  const { record, cluster, targetCluster } = run;
  if (record.retired.length === 0) return [];
  const names = new Set(record.retired.map((set) => snapshotOfSet(record, set)));
  const remove = (where: Cluster, spec: ImageSpec) =>
    removeSnapshots(where, spec, record.id, (name) => names.has(name));
  const removals = record.disks.flatMap(({ source, mirror }) => [
    remove(targetCluster, mirror),
    remove(cluster, imageOf(source)),
  ]);
  const kept = (await allSettledOrThrow(removals)).flat();
  const isKept = (set: number) =>
    kept.some(({ snapshot }) => snapshot.endsWith(`@${snapshotOfSet(record, set)}`));
  const numbers = record.retired.filter((set) => !isKept(set));
  await run.advance({ type: "sets-removed", numbers });
  return kept;
}

/**
 * Removes snapshots of a mirror from one image, with what is recorded of them. One with clones, or that somebody protected, stays.
 *
 * @returns Those that stay, and why.
 */
export async function removeSnapshots(
  cluster: Cluster,
  place: ImageSpec,
  mirrorId: string,
  isMeant: (name: string) => boolean,
): Promise<{ snapshot: string; why: string }[]> {
  const object = showImageSpec(place);
  const kept: { snapshot: string; why: string }[] = [];
  await using image = await openImage(cluster, place);
  await withCoppiceErrors({ object, what: `old snapshots of ${object} could not be removed` }, async () => {
    for (const { name, id, protected: isProtected } of await ownSnapshots(image, mirrorId)) {
      if (!isMeant(name)) continue;
      const why = isProtected ? "it is protected" : await tryToRemove(image, name, id);
      if (why !== null) kept.push({ snapshot: `${object}@${name}`, why });
    }
  });
  return kept;
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
    if (hasCode(error, "NOT_FOUND")) return null;
    if (error instanceof RbdError) return error.message;
    throw error;
  }
}
