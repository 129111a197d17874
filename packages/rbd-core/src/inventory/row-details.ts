import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { decodeValue, directoryIdKey, groupDirectoryObject, readOmapValue } from "../headers/index.ts";
import { compareText, showImageSpec } from "../names/index.ts";
import type { FoundImage } from "./image-reader.ts";
import { type ImageEntry, ignoreRefusal, type PlaceNames, readPlaceNames } from "./list-images.ts";
import type { ReadOutcome } from "./read-images.ts";
import { type ChildLink, type ImageRow, type InventoryRow, imageKey, type WatcherLink } from "./rows.ts";

/** An optional field of a row; see {@link ImageRow}. */
export type RowDetail = "children" | "groups" | "watchers";

/**
 * Adds optional fields to the rows. A field of an image that Ceph refuses to return stays empty.
 *
 * @throws {CoppiceError} only when the cluster itself cannot be asked
 */
export async function addDetails(
  cluster: Cluster,
  read: readonly { outcome: ReadOutcome; row: InventoryRow }[],
  details: readonly RowDetail[],
  poolName: (id: number) => string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (details.length === 0) return;
  const images = read.flatMap(({ outcome, row }): ReadImage[] =>
    row.state === "ok" && "found" in outcome ? [{ ...outcome, row }] : [],
  );
  const rows = read.map(({ row }) => row);
  if (details.includes("children")) await addChildren(cluster, images, rows, poolName, signal);
  if (details.includes("groups")) await addGroups(cluster, images, poolName, signal);
  if (details.includes("watchers")) await addWatchers(images, signal);
}

/**
 * Adds its clones to every row. The header of the parent lists all clones of format 2, in any pool; clones of format 1 are
 * found by their parent links, if the inventory has read them.
 */
async function addChildren(
  cluster: Cluster,
  images: readonly ReadImage[],
  rows: readonly InventoryRow[],
  poolName: (id: number) => string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = childNames(cluster, rows, poolName, signal);
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

/** Finds the names of clones: those of the inventory's images are known, and other directories are read once. */
function childNames(
  cluster: Cluster,
  rows: readonly InventoryRow[],
  poolName: (id: number) => string | undefined,
  signal: AbortSignal | undefined,
) {
  const scanned = new Map(rows.map((row) => [imageKey(row.pool, row.namespace, row.id, row.name), row]));
  const places = new Map<string, Promise<PlaceNames | null>>();
  return async (poolId: number, namespace: string, imageId: string): Promise<NamedChild> => {
    const pool = poolName(poolId);
    if (pool === undefined) return { pool: `#${poolId}`, name: null, inTrash: false };
    const row = scanned.get(imageKey(pool, namespace, imageId, ""));
    if (row !== undefined) return { pool, name: row.name, inTrash: row.trash !== null };
    const key = `${pool}/${namespace}`;
    const place =
      places.get(key) ??
      ignoreRefusal(async () => {
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

/** Adds its group to every row: by its name, or by its id when the name cannot be read. */
async function addGroups(
  cluster: Cluster,
  images: readonly ReadImage[],
  poolName: (id: number) => string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = new Map<string, Promise<NamedGroup>>();
  for (const { row, found } of images) {
    const group = found.links?.group ?? null;
    if (group === null) {
      row.group = null;
      continue;
    }
    const pool = poolName(group.poolId) ?? `#${group.poolId}`;
    const key = `${pool}/${row.namespace}/${group.groupId}`;
    const name = names.get(key) ?? nameGroup(cluster, pool, row.namespace, group.groupId, signal);
    names.set(key, name);
    row.group = showGroup(await name);
  }
}

/** A group by its name. */
export interface NamedGroup {
  pool: string;
  namespace: string;
  name: string;
}

/**
 * Reads the name of a group; its id takes the place of a name that cannot be read. A group and its images are in the same
 * namespace, but can be in different pools.
 */
export async function nameGroup(
  cluster: Cluster,
  pool: string,
  namespace: string,
  groupId: string,
  signal: AbortSignal | undefined,
): Promise<NamedGroup> {
  const key = directoryIdKey(groupId);
  const value = await ignoreRefusal(async () =>
    readOmapValue(await cluster.pool(pool, namespace), groupDirectoryObject, key, signal),
  );
  const name = value === null ? groupId : decodeValue(key, value, (reader) => reader.string());
  return { pool, namespace, name };
}

/** `pool/[namespace/]group` */
export function showGroup({ pool, namespace, name }: NamedGroup): string {
  return showImageSpec({ pool, namespace, image: name });
}

/** How many images are opened at a time, for their watchers. */
const opensAtOnce = 24;

/** Adds its watchers to every row by opening the image, read-only. (`rbd_watchers_list`) */
async function addWatchers(images: readonly ReadImage[], signal: AbortSignal | undefined): Promise<void> {
  await forEachLimit(
    images,
    opensAtOnce,
    async ({ entry: { place, id, name }, row }) => {
      row.watchers = await ignoreRefusal(async (): Promise<WatcherLink[]> => {
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

/** The row of an image, and what it was made from. */
interface ReadImage {
  entry: ImageEntry;
  found: FoundImage;
  row: ImageRow;
}
