import type { Cluster } from "../../cluster/cluster.ts";
import type { InventoryRow } from "../../inventory/inventory-row.ts";
import type { ReadOutcome } from "../../inventory/read-entries.ts";
import { addChildren } from "./add-children.ts";
import { addGroups } from "./add-groups.ts";
import { addWatchers } from "./add-watchers.ts";
import type { ReadImage } from "./read-image.ts";

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
