import { estimateChain, type Measure, readObjectMaps } from "../chain/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import {
  decodeMirrorImage,
  imageLayout,
  mirrorImageKey,
  mirroringObject,
  readOmapValue,
} from "../headers/index.ts";
import {
  decoding,
  findImage,
  type HeldImage,
  type ImageById,
  isById,
  type NamedGroup,
  nameGroup,
  type SnapshotKind,
  snapshotRow,
} from "../inventory/index.ts";
import { type ImageSpecLike, toImageSpec } from "../names/index.ts";
import { gatherChildren } from "./children.ts";

/** An image by what does not change: its place and its id. The name is for showing and for calls that need it. */
export interface ImageRef {
  pool: string;
  namespace: string;
  id: string;
  name: string;
}

/** A clone that hangs on a snapshot. */
export interface ChildFacts {
  image: ImageRef;
  inTrash: boolean;
  /** Clones of format 1 need a protected snapshot; for those of format 2 a removed snapshot stays in its trash. */
  cloneFormat: 1 | 2;
  /** Bytes of the clone that still lie over the parent: what flattening copies at the most. */
  overlap: number;
  /** Snapshots of the clone that lie over the parent too. */
  snapshotsOverParent: string[];
  /** Whether flattening detaches those snapshots as well. */
  deepFlatten: boolean;
  /** Why the clone could not be looked at, when it could not. */
  unreadable: string | null;
}

export interface SnapshotFacts {
  id: bigint;
  name: string;
  kind: SnapshotKind | "unknown";
  protected: boolean;
  children: ChildFacts[];
  /** What removing this snapshot alone frees. */
  freedIfRemoved: Measure | null;
  /** What removing it frees when all older ones are gone. */
  freedInOrder: Measure | null;
}

/** Who has an image open. */
export interface WatcherFacts {
  address: string;
  /** `client.<number>` */
  client: string;
}

export interface LockFacts {
  /** `client.<number>` */
  client: string;
  cookie: string;
  address: string;
}

/** Something outside the image that needs one of its snapshots, such as a backup with the snapshot as base. */
export interface DependantFacts {
  /** As a sentence can name it: `the backup nightly-12`. */
  what: string;
  /** `null`: it needs the image whichever snapshots it has. */
  snapshotId: bigint | null;
}

/** All that decides whether an image, or one snapshot of it, can go. Gathered at one moment. */
export interface DeletionFacts {
  now: Date;
  image: ImageRef;
  /** The snapshot to remove. `null`: the image. */
  snapshotId: bigint | null;
  trash: { deferredUntil: Date | null } | null;
  /** The group the image is in. */
  group: NamedGroup | null;
  migration: { role: string; state: string } | null;
  mirrored: boolean;
  watchers: WatcherFacts[];
  locks: LockFacts[];
  /** Oldest first. */
  snapshots: SnapshotFacts[];
  /** Pools that may hold clones of format 1 of a protected snapshot, and could not be asked. */
  unasked: { pool: string; reason: string }[];
  dependants: DependantFacts[];
  /** What removing the image with all its snapshots frees. */
  freedIfImageRemoved: Measure | null;
}

/** Tells what outside of Ceph needs an image or its snapshots, such as backups. */
export type FindDependants = (image: {
  pool: string;
  namespace: string;
  id: string;
  name: string;
}) => Promise<DependantFacts[]>;

interface GatherOptions {
  findDependants?: FindDependants | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Gathers all that decides whether an image, or one snapshot of it, can go. Changes nothing; opens the image
 * read-only for a moment to ask who uses it.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the image or the snapshot
 */
export async function gatherDeletionFacts(
  cluster: Cluster,
  target: ImageSpecLike | ImageById,
  options: GatherOptions = {},
): Promise<DeletionFacts> {
  const { signal, findDependants } = options;
  const wantedSnapshot = isById(target) ? target.snapshot : toImageSpec(target).snapshot;
  const held = await findImage(cluster, target, signal);
  const { header, spec, place } = held;
  const image = { pool: place.poolName, namespace: place.namespace, id: held.id, name: held.name };
  const snapshotId = wantedSnapshot === undefined ? null : snapshotNamed(held, wantedSnapshot);
  return decoding(spec, () =>
    withCoppiceErrors({ object: spec, what: `what holds ${spec} could not be found out` }, async () => {
      const [{ children, unasked }, users, group, mirrored, estimates, dependants] = await allSettledOrThrow([
        gatherChildren(cluster, held, signal),
        gatherUsers(held, signal),
        gatherGroup(cluster, held, signal),
        isMirrored(held, signal),
        estimate(held, signal),
        findDependants?.(image) ?? [],
      ]);
      return {
        now: new Date(),
        image,
        snapshotId,
        trash: held.trash === null ? null : { deferredUntil: held.trash.deferredUntil },
        group,
        migration:
          header.migration === null ? null : { role: header.migration.role, state: header.migration.state },
        mirrored,
        ...users,
        snapshots: header.snapshots.map((snapshot, at): SnapshotFacts => {
          const { id, name, protected: isProtected } = snapshotRow(snapshot);
          return {
            id,
            name,
            kind: snapshot.namespace.kind,
            protected: isProtected,
            children: children.get(id) ?? [],
            freedIfRemoved: measure(estimates[at]?.freedIfRemoved),
            freedInOrder: measure(estimates[at]?.freedInOrder),
          };
        }),
        unasked,
        dependants,
        freedIfImageRemoved: sum(estimates.map(({ own }) => own)),
      };
    }),
  );
}

function snapshotNamed(held: HeldImage, name: string): bigint {
  const found = held.header.snapshots.find((snapshot) => snapshot.name === name);
  if (found !== undefined) return found.id;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "deletionPlan",
    object: `${held.spec}@${name}`,
    message: `${held.spec} has no snapshot ${JSON.stringify(name)}`,
    hint: "Check the name; it may have been removed meanwhile.",
  });
}

async function isMirrored({ place, id }: HeldImage, signal: AbortSignal | undefined): Promise<boolean> {
  const key = mirrorImageKey(id);
  const value = await readOmapValue(place.ioCtx, mirroringObject, key, signal);
  return value !== null && decodeMirrorImage(key, value).state !== "disabled";
}

async function estimate(held: HeldImage, signal: AbortSignal | undefined) {
  const { maps } = await readObjectMaps(held, signal);
  const sizes = [...held.header.snapshots.map(({ size }) => size), held.header.size];
  return estimateChain(
    imageLayout(held.header),
    sizes.map((size, at) => ({ size, map: maps[at] ?? null })),
  );
}

function measure(bytes: number | null | undefined): Measure | null {
  return bytes === null || bytes === undefined ? null : { bytes, accuracy: "estimated" };
}

function sum(numbers: readonly (number | null)[]): Measure | null {
  let total = 0;
  for (const bytes of numbers) {
    if (bytes === null) return null;
    total += bytes;
  }
  return measure(total);
}

/** The group an image is in, or `null`. */
async function gatherGroup(
  cluster: Cluster,
  { header, place }: HeldImage,
  signal: AbortSignal | undefined,
): Promise<NamedGroup | null> {
  if (header.group === null) return null;
  const { poolId, groupId } = header.group;
  const pool = (await cluster.listPools()).find(({ id }) => id === poolId)?.name ?? `#${poolId}`;
  return nameGroup(cluster, pool, place.namespace, groupId, signal);
}

/**
 * Who has an image open, and who holds its lock. Opens it read-only, which leaves no watcher behind.
 * (`rbd_watchers_list`, `rbd_list_lockers`)
 *
 * @throws {RbdError}
 */
async function gatherUsers(
  { place, id }: HeldImage,
  signal: AbortSignal | undefined,
): Promise<{ watchers: WatcherFacts[]; locks: LockFacts[] }> {
  await using image = await place.ioCtx.openImage({ id }, { readOnly: true, signal });
  const [watchers, { lockers }] = await Promise.all([
    image.listWatchers({ signal }),
    image.lockInfo({ signal }),
  ]);
  return {
    watchers: watchers.map(({ address, clientId }) => ({ address, client: `client.${clientId}` })),
    locks: lockers.map(({ client, cookie, address }) => ({ client, cookie, address })),
  };
}
