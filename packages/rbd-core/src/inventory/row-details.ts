import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, toCoppiceError } from "../errors/index.ts";
import {
  DecodeError,
  decodeValue,
  directoryIdKey,
  groupDirectoryObject,
  readOmapValue,
} from "../headers/index.ts";
import { compareText, showImageSpec } from "../names/index.ts";
import { type PlaceNames, readPlaceNames } from "./find-image.ts";
import type { FoundImage, ImageEntry } from "./image-reader.ts";
import { type ChildLink, type ImageRow, type InventoryRow, imageKey, type WatcherLink } from "./rows.ts";
import { endsScan, type ReadOutcome } from "./scan-places.ts";

export type RowDetail = "children" | "groups" | "watchers";

/**
 * Adds to the rows what was asked for besides. What Ceph refuses to tell about one image is left open there.
 *
 * @throws {CoppiceError} only when the cluster itself cannot be asked
 */
export async function addDetails(
  cluster: Cluster,
  read: readonly { outcome: ReadOutcome; row: InventoryRow }[],
  details: readonly RowDetail[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (details.length === 0) return;
  const images = read.flatMap(({ outcome, row }): ReadImage[] =>
    row.state === "ok" && "found" in outcome ? [{ ...outcome, row }] : [],
  );
  const rows = read.map(({ row }) => row);
  if (details.includes("children")) await addChildren(cluster, images, rows, signal);
  if (details.includes("groups")) await addGroups(cluster, images, signal);
  if (details.includes("watchers")) await addWatchers(images, signal);
}

/**
 * Gives every row its clones. Those of format 2 are listed in the parent's own header, also when they are in a
 * pool that was not scanned; those of format 1 are known by the links of the clones that were.
 */
async function addChildren(
  cluster: Cluster,
  images: readonly ReadImage[],
  rows: readonly InventoryRow[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = await childNames(cluster, rows, signal);
  const byKey = new Map<string, ImageRow>();
  for (const { row, found } of images) {
    byKey.set(imageKey(row.pool, row.namespace, row.id, row.name), row);
    row.children = [];
    for (const { poolId, namespace, imageId, snapshotId } of found.links?.children ?? []) {
      const name = await names(poolId, namespace, imageId);
      row.children.push({ ...name, namespace, id: imageId, snapshotId, cloneFormat: 2 });
    }
  }
  for (const { row } of images) {
    const { parent } = row;
    if (parent === null) continue;
    const parentKey = imageKey(parent.poolName, parent.namespace, parent.imageId, parent.imageName);
    const siblings = byKey.get(parentKey)?.children;
    const { pool, namespace, id, name } = row;
    if (siblings === undefined || siblings.some((child) => isChild(child, row))) continue;
    const inTrash = row.trash !== null;
    siblings.push({ pool, namespace, id, name, inTrash, snapshotId: parent.snapshotId, cloneFormat: 1 });
  }
  for (const { row } of images) row.children?.sort(compareChildren);
}

type NamedChild = Pick<ChildLink, "pool" | "name" | "inTrash">;

/** Names of scanned images are at hand; the directories of other places are read once each. */
async function childNames(cluster: Cluster, rows: readonly InventoryRow[], signal: AbortSignal | undefined) {
  const poolNames = new Map((await cluster.listPools()).map(({ id, name }) => [id, name]));
  const scanned = new Map(rows.map((row) => [imageKey(row.pool, row.namespace, row.id, row.name), row]));
  const places = new Map<string, Promise<PlaceNames | null>>();
  return async (poolId: number, namespace: string, imageId: string): Promise<NamedChild> => {
    const pool = poolNames.get(poolId);
    if (pool === undefined) return { pool: `#${poolId}`, name: null, inTrash: false };
    const row = scanned.get(imageKey(pool, namespace, imageId, ""));
    if (row !== undefined) return { pool, name: row.name, inTrash: row.trash !== null };
    const key = `${pool}/${namespace}`;
    const place =
      places.get(key) ??
      orNull(async () => {
        const ioCtx = await cluster.pool(pool, namespace);
        return readPlaceNames({ poolId, poolName: pool, namespace, ioCtx }, signal);
      });
    places.set(key, place);
    const names = await place;
    const trashed = names?.trash.get(imageId);
    return {
      pool,
      name: trashed?.name ?? names?.images.get(imageId) ?? null,
      inTrash: trashed !== undefined,
    };
  };
}

function isChild(child: ChildLink, row: ImageRow): boolean {
  return child.id === row.id && child.pool === row.pool && child.namespace === row.namespace;
}

function compareChildren(a: ChildLink, b: ChildLink): number {
  return (
    compareText(a.pool, b.pool) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name ?? "", b.name ?? "") ||
    compareText(a.id, b.id)
  );
}

/** Gives every row the name of its group. One whose name cannot be found out shows its id. */
async function addGroups(
  cluster: Cluster,
  images: readonly ReadImage[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const poolNames = new Map((await cluster.listPools()).map(({ id, name }) => [id, name]));
  const names = new Map<string, Promise<NamedGroup>>();
  for (const { row, found } of images) {
    const group = found.links?.group ?? null;
    if (group === null) {
      row.group = null;
      continue;
    }
    const pool = poolNames.get(group.poolId) ?? `#${group.poolId}`;
    const key = `${pool}/${row.namespace}/${group.groupId}`;
    const name = names.get(key) ?? nameGroup(cluster, pool, row.namespace, group.groupId, signal);
    names.set(key, name);
    row.group = showGroup(await name);
  }
}

export interface NamedGroup {
  pool: string;
  namespace: string;
  name: string;
}

/**
 * A group by its name, with its id where that cannot be found out. A group and its images share the namespace,
 * whatever their pools.
 */
export async function nameGroup(
  cluster: Cluster,
  pool: string,
  namespace: string,
  groupId: string,
  signal: AbortSignal | undefined,
): Promise<NamedGroup> {
  const key = directoryIdKey(groupId);
  const value = await orNull(async () =>
    readOmapValue(await cluster.pool(pool, namespace), groupDirectoryObject, key, signal),
  );
  const name = value === null ? groupId : decodeValue(key, value, (reader) => reader.string());
  return { pool, namespace, name };
}

/** `pool/[namespace/]group` */
export function showGroup({ pool, namespace, name }: NamedGroup): string {
  return showImageSpec({ pool, namespace, image: name });
}

/** How many images are opened at a time. */
const opensAtOnce = 24;

/** Gives every row those who have the image open, which takes opening it, read-only. (`rbd_watchers_list`) */
async function addWatchers(images: readonly ReadImage[], signal: AbortSignal | undefined): Promise<void> {
  await forEachLimit(
    images,
    opensAtOnce,
    async ({ entry: { place, id, name }, row }) => {
      row.watchers = await orNull(async (): Promise<WatcherLink[]> => {
        await using image = await place.ioCtx.openImage(id === "" ? name : { id }, {
          readOnly: true,
          signal,
        });
        const watchers = await image.listWatchers({ signal });
        return watchers.map(({ address, clientId }) => ({ address, client: `client.${clientId}` }));
      });
    },
    signal,
  );
}

/** A row in the making, and what it is made of. */
interface ReadImage {
  entry: ImageEntry;
  found: FoundImage;
  row: ImageRow;
}

/** `null` for what Ceph refuses to tell, or does not tell in a way that can be understood. */
async function orNull<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (thrown) {
    const error = toCoppiceError(thrown);
    if (error instanceof DecodeError || (error instanceof CoppiceError && !endsScan(error))) return null;
    throw error;
  }
}
