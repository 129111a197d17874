import { estimateChain, type Measure, readObjectMaps } from "../../chain/index.ts";
import { readOwnSnapshots } from "../../clone/index.ts";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import {
  decodeMirrorImage,
  imageLayout,
  mirrorImageKey,
  mirroringObject,
  readOmapValue,
} from "../../headers/index.ts";
import { openImage } from "../../image/index.ts";
import {
  decoding,
  findImage,
  type HeldImage,
  type ImageById,
  isById,
  type NamedGroup,
  nameGroup,
  readSnapshots,
  type SnapshotKind,
  snapshotRow,
} from "../../inventory/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageSpec } from "../../names/index.ts";
import { type ChildFacts, gatherChildren, type ImageRef, type UnsearchedPool } from "./children.ts";
import { type ImageUsers, readUsers } from "./image-users.ts";

export interface SnapshotFacts {
  id: bigint;
  name: string;
  kind: SnapshotKind | "unknown";
  protected: boolean;
  /** Coppice made it by itself, for a clone. It goes with the image, whatever snapshots the caller allows to be removed. */
  own: boolean;
  children: ChildFacts[];
  /** What removing this snapshot alone frees. */
  freedIfRemoved: Measure | null;
  /** What removing it frees when all older ones are gone. */
  freedInOrder: Measure | null;
}

/** Something outside the image that needs one of its snapshots, such as a backup with the snapshot as base. */
export interface DependantFacts {
  /** As a sentence names it: `the backup nightly-12`. */
  what: string;
  /** `null`: it needs the image whichever snapshots it has. */
  snapshotId: bigint | null;
}

/** Everything that decides whether an image, or one snapshot of it, can be removed. Gathered at one moment. */
export interface DeletionFacts extends ImageUsers {
  now: Date;
  /** With the id `""` for an image of format 1. */
  image: ImageRef;
  /** An interrupted creation left only its name and id. Default false. */
  isPartlyCreated?: boolean;
  /** Bytes. */
  size: number;
  /** The snapshot to remove. `null`: the image. */
  snapshotId: bigint | null;
  trash: { deferredUntil: Date | null } | null;
  /** The group the image is in. */
  group: NamedGroup | null;
  migration: { role: string; state: string } | null;
  mirrored: boolean;
  /** Oldest first. */
  snapshots: SnapshotFacts[];
  unasked: UnsearchedPool[];
  dependants: DependantFacts[];
  /** What removing the image with all its snapshots frees. */
  freedIfImageRemoved: Measure | null;
}

/** Finds what outside of Ceph needs an image or its snapshots, such as backups. */
export type FindDependants = (image: ImageRef) => Promise<DependantFacts[]>;

export interface GatherOptions {
  findDependants?: FindDependants | undefined;
  /** Estimates from the object maps how much space a removal frees. Default true. */
  estimates?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Gathers everything that decides whether an image, or one snapshot of it, can be removed. Changes nothing; opens the
 * image read-only for a moment to list its users.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the image or the snapshot; `UNSUPPORTED` for an image of format 1
 */
export async function gatherDeletionFacts(
  cluster: Cluster,
  target: ImageSpecLike | ImageById,
  options: GatherOptions = {},
): Promise<DeletionFacts> {
  const { signal, findDependants, estimates: withEstimates = true } = options;
  const wantedSnapshot = isById(target) ? target.snapshot : toImageSpec(target).snapshot;
  const held = await findImage(cluster, target, signal);
  const { header, spec, place } = held;
  const image = { pool: place.poolName, namespace: place.namespace, id: held.id, name: held.name };
  const snapshotId = wantedSnapshot === undefined ? null : snapshotNamed(held, wantedSnapshot);
  return decoding(spec, () =>
    withCoppiceErrors({ object: spec, what: `what depends on ${spec} could not be read` }, async () => {
      const [{ children, unasked }, users, group, mirrored, estimates, dependants, recorded] =
        await allSettledOrThrow([
          gatherChildren(cluster, held, signal),
          gatherUsers(held, signal),
          gatherGroup(cluster, held, signal),
          isMirrored(held, signal),
          withEstimates ? estimate(held, signal) : null,
          findDependants?.(image) ?? [],
          header.snapshots.length === 0 ? null : readOwnSnapshots(place.ioCtx, held.id),
        ]);
      const isOwn = ({ id, name, namespace: { kind } }: (typeof header.snapshots)[number]) => {
        const after = recorded?.get(name);
        return kind === "user" && after !== undefined && id > after;
      };
      return {
        now: new Date(),
        image,
        size: header.size,
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
            own: isOwn(snapshot),
            children: children.get(id) ?? [],
            freedIfRemoved: measure(estimates?.[at]?.freedIfRemoved),
            freedInOrder: measure(estimates?.[at]?.freedInOrder),
          };
        }),
        unasked,
        dependants,
        freedIfImageRemoved: estimates === null ? null : sum(estimates.map(({ own }) => own)),
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

async function gatherUsers({ place, id }: HeldImage, signal: AbortSignal | undefined): Promise<ImageUsers> {
  // A read-only handle registers no watcher of its own.
  await using image = await place.ioCtx.openImage({ id }, { readOnly: true, signal });
  // Awaited here: the image must stay open until it has answered.
  return await readUsers(image, signal);
}

/**
 * The same facts about an image of format 1, as far as it can have them: no clones, no group and no trash.
 *
 * @throws {CoppiceError} `NOT_FOUND`
 */
export async function gatherFormat1Facts(cluster: Cluster, spec: ImageSpec): Promise<DeletionFacts> {
  const object = showImageSpec(spec);
  await using image = await openImage(cluster, spec, { readOnly: true });
  return await withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
    const [size, snapshots, users] = await allSettledOrThrow([
      image.size(),
      readSnapshots(image),
      readUsers(image),
    ]);
    return {
      now: new Date(),
      image: { pool: spec.pool, namespace: spec.namespace, id: "", name: spec.image },
      size,
      snapshotId: null,
      trash: null,
      group: null,
      migration: null,
      mirrored: false,
      ...users,
      snapshots: snapshots.map(({ id, name, kind, protected: isProtected }) => ({
        id,
        name,
        kind,
        protected: isProtected,
        own: false,
        children: [],
        freedIfRemoved: null,
        freedInOrder: null,
      })),
      unasked: [],
      dependants: [],
      freedIfImageRemoved: null,
    };
  });
}
