import type { Cluster } from "../../cluster/cluster.ts";
import { compareText } from "../../inventory/compare-rows.ts";
import { imageKey } from "../../inventory/image-key.ts";
import type { ChildLink, ImageRow, InventoryRow } from "../../inventory/inventory-row.ts";
import { type PlaceNames, readPlaceNames } from "../place-names.ts";
import { orNull } from "./or-null.ts";
import type { ReadImage } from "./read-image.ts";

/**
 * Gives every row its clones. Those of format 2 are listed in the parent's own header, also when they are in a
 * pool that was not scanned; those of format 1 are known by the links of the clones that were.
 */
export async function addChildren(
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
