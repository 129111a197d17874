import { estimateChain } from "../chain/estimate-chain.ts";
import type { Measure } from "../chain/measure.ts";
import { readObjectMaps } from "../chain/read-object-maps.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { decoding, findImage, type HeldImage, type ImageById, isById } from "../headers/find-image.ts";
import { snapshotRow } from "../headers/header-image.ts";
import { imageLayout } from "../headers/image-layout.ts";
import { decodeMirrorImage, mirrorImageKey } from "../headers/mirror-header.ts";
import { mirroringObject } from "../headers/object-names.ts";
import { readOmapValue } from "../headers/read-objects.ts";
import { type ImageSpecLike, toImageSpec } from "../names/to-image-spec.ts";
import { allSettledOrThrow } from "../parallel/together.ts";
import type { DeletionFacts, DependantFacts, SnapshotFacts } from "./deletion-facts.ts";
import { gatherChildren } from "./gather-children.ts";
import { gatherGroup } from "./gather-group.ts";
import { gatherUsers } from "./gather-users.ts";

/** Tells what outside of Ceph needs an image or its snapshots, such as backups. */
export type FindDependants = (image: {
  pool: string;
  namespace: string;
  id: string;
  name: string;
}) => Promise<DependantFacts[]>;

export interface GatherOptions {
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
