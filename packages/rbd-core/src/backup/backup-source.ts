import { type Image, RbdError } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../cluster/index.ts";
import { hasCode, withCoppiceErrors } from "../errors/index.ts";
import { openImage, waitForDeadClients } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import type { Operation, Recovery } from "../operation/index.ts";
import type { BackupRecord } from "./backup-record.ts";
import type { BackupLocation, BackupTarget } from "./backup-target.ts";
import { openPoolTarget } from "./pool/pool-target.ts";

const locationSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("pool"), fsid: z.string(), pool: z.string(), namespace: z.string() }),
  z.strictObject({ kind: z.literal("directory"), path: z.string() }),
]);

const pendingSchema = z.strictObject({
  /** The backup's id and chain. */
  id: z.string(),
  chain: z.string(),
  location: locationSchema,
  /** The name of the snapshot, and the highest id of a snapshot before: this one has a higher id. */
  snapshot: z.string(),
  known: z.string().regex(/^\d{1,20}$/),
});

/** A backup that was begun: enough to find out what became of it, and to remove its snapshot of the source. */
export type PendingBackup = z.infer<typeof pendingSchema>;

/** The details of the operation that stands on a source while it is backed up. */
const detailsSchema = z.strictObject({
  version: z.literal(1),
  /** The one under way, and those that were interrupted and whose target was not at hand since. */
  pending: z.array(pendingSchema),
});

export function backupDetails(pending: readonly PendingBackup[]): z.infer<typeof detailsSchema> {
  return { version: 1, pending: [...pending] };
}

export function pendingOf({ record }: Operation): readonly PendingBackup[] {
  return detailsSchema.parse(record.details).pending;
}

export const backupKind = "backup";

/**
 * Deals with the backups that were interrupted on a source: in each one's target first, then with its snapshot of the source,
 * which stays if the backup turns out to be complete.
 *
 * @param targetAt Finds the target at a location. Pools of the source's own cluster are found without.
 * @throws {CoppiceError} `BUSY` while another process works on such a chain; what `targetAt` throws
 */
export async function settleInterrupted(
  cluster: Cluster,
  operation: Operation,
  targetAt: FindBackupTarget,
): Promise<SettledBackups> {
  const left: PendingBackup[] = [];
  const complete: PendingBackup[] = [];
  for (const pending of pendingOf(operation)) {
    const target = await reach(cluster, pending.location, targetAt);
    if (target === undefined) left.push(pending);
    else if (await isComplete(target, pending, operation.signal)) complete.push(pending);
    else await removePendingSnapshot(cluster, operation, pending);
  }
  return { left, complete };
}

/** Finds the target at a location; `undefined` when it cannot be reached from here. */
export type FindBackupTarget = (location: BackupLocation) => Promise<BackupTarget | undefined>;

interface SettledBackups {
  /** Those whose target is not at hand. */
  readonly left: readonly PendingBackup[];
  /** Those that turned out to be complete. */
  readonly complete: readonly PendingBackup[];
}

async function isComplete(
  target: BackupTarget | "gone",
  { id, chain }: PendingBackup,
  signal: AbortSignal,
): Promise<boolean> {
  if (target === "gone") return false;
  // Opening the chain undoes what is not complete, and fences whoever worked on it.
  await using _chain = await target.openChain(chain, { signal });
  return (await target.find(id, { signal })) !== null;
}

/** The target at a location; "gone" for a pool that was deleted, with everything in it. */
async function reach(
  cluster: Cluster,
  location: BackupLocation,
  targetAt: FindBackupTarget,
): Promise<BackupTarget | "gone" | undefined> {
  try {
    const found = await targetAt(location);
    if (found !== undefined || location.kind !== "pool" || location.fsid !== cluster.fsid) return found;
    return await openPoolTarget(cluster, location);
  } catch (error) {
    if (location.kind === "pool" && hasCode(error, "NOT_FOUND")) return "gone";
    throw error;
  }
}

export function isSameLocation(a: BackupLocation, b: BackupLocation): boolean {
  if (a.kind === "directory") return b.kind === "directory" && a.path === b.path;
  return b.kind === "pool" && a.fsid === b.fsid && a.pool === b.pool && a.namespace === b.namespace;
}

/** Removes the snapshot of the source that a backup made, if it is there. */
export async function removePendingSnapshot(
  cluster: Cluster,
  operation: Operation,
  { snapshot, known }: Pick<PendingBackup, "snapshot" | "known">,
): Promise<void> {
  const { place } = operation;
  const object = showImageSpec({ ...place, snapshot });
  await withCoppiceErrors({ object, what: `${object} could not be removed` }, async () => {
    try {
      await using image = await openImage(cluster, place);
      await waitForDeadClients(cluster, image, operation);
      const isOwn = (each: { name: string; id: bigint; namespace: string }) =>
        each.name === snapshot && each.id > BigInt(known) && each.namespace === "user";
      if ((await image.listSnapshots()).some(isOwn)) await image.removeSnapshot(snapshot);
    } catch (error) {
      // The image is gone, or another one has its name and no such snapshot.
      if (!hasCode(error, "NOT_FOUND")) throw error;
    }
  });
}

/** A snapshot of a source that a backup made and that could not be removed. */
export interface KeptSnapshot {
  readonly name: string;
  /** One sentence without a full stop. */
  readonly why: string;
}

export interface RetiredSnapshots {
  readonly removed: readonly string[];
  readonly kept: readonly KeptSnapshot[];
}

/**
 * Removes the snapshots of a source, by name and id, that some backups were taken from: of all of them but `keep`, from which
 * the next increment is taken. The backups stay. A snapshot that somebody has protected or cloned is kept.
 */
export async function retireSnapshots(
  cluster: Cluster,
  place: ImageSpec,
  points: readonly Pick<BackupRecord, "id" | "source">[],
  keep: Pick<BackupRecord, "id" | "source"> | null,
): Promise<RetiredSnapshots> {
  const object = showImageSpec(place);
  return await withCoppiceErrors(
    { object, what: `the snapshots of ${object} could not be examined` },
    async () => {
      const [removed, kept]: [string[], KeptSnapshot[]] = [[], []];
      await using image = await openImage(cluster, place);
      const retired = new Map(
        points
          .filter(({ id, source }) => id !== keep?.id && source.imageId === image.id)
          .map(({ source }) => [BigInt(source.snapshot.id), source.snapshot.name]),
      );
      if (keep !== null) retired.delete(BigInt(keep.source.snapshot.id));
      for (const { id, name, namespace, protected: isProtected } of await image.listSnapshots()) {
        if (namespace !== "user" || retired.get(id) !== name) continue;
        const why = isProtected ? "it is protected" : await tryToRemove(image, name);
        if (why === null) removed.push(name);
        else kept.push({ name, why });
      }
      return { removed, kept };
    },
  );
}

/** @returns Why the snapshot could not be removed; null when it is. */
async function tryToRemove(image: Image, name: string): Promise<string | null> {
  try {
    if ((await image.listChildren(name)).length > 0) return "it has clones";
    await image.removeSnapshot(name);
    return null;
  } catch (error) {
    if (error instanceof RbdError) return error.message;
    throw error;
  }
}

/**
 * Undoes a backup that was interrupted, or ends the operation of one that is complete; see {@link settleInterrupted}.
 *
 * @param options `targetAt` finds targets in other clusters, and in directories.
 */
export async function recoverBackup(
  cluster: Cluster,
  operation: Operation,
  { targetAt = async () => undefined }: { readonly targetAt?: FindBackupTarget | undefined } = {},
): Promise<Recovery> {
  const { place } = operation;
  const object = showImageSpec(place);
  const { left, complete } = await settleInterrupted(cluster, operation, targetAt);
  const [first] = left;
  if (first === undefined) {
    const made = complete.at(-1);
    if (made !== undefined)
      return { outcome: "finished", what: `the backup ${made.id} of ${object} is complete` };
    return { outcome: "undone", what: `no interrupted backup of ${object} is left` };
  }
  await operation.update(backupDetails(left));
  const where = first.location.kind === "directory" ? first.location.path : `the pool ${first.location.pool}`;
  const what = `a backup of ${object} to ${where}, which cannot be reached from here, was interrupted: the next backup there undoes it`;
  return { outcome: "left", what };
}
