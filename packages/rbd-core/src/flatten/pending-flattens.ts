import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, translated } from "../errors/to-coppice-error.ts";
import { openImage } from "../image/open-image.ts";
import type { InventoryRow } from "../inventory/inventory-row.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { forEachLimit } from "../parallel/for-each-limit.ts";
import { type FlattenRequestMark, readFlattenRequest } from "./flatten-request.ts";

export interface PendingFlatten extends FlattenRequestMark {
  image: ImageSpec;
}

export interface PendingFlattens {
  /** Urgent ones first, then by the time they were asked for. */
  pending: PendingFlatten[];
  /** Images whose request could not be read. */
  unreadable: CoppiceError[];
}

/** Opening an image takes a few round trips, so many are opened side by side. */
const atOnce = 32;

/**
 * Finds the flattens that were requested and have not been done: what to put into a `FlattenQueue` after a start. Only
 * clones are looked at, and those that were removed meanwhile are passed over.
 *
 * @param rows Of an inventory.
 */
export async function pendingFlattens(
  cluster: Cluster,
  rows: readonly InventoryRow[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<PendingFlattens> {
  const clones = rows.filter((row) => row.state === "ok" && row.parent !== null && row.trash === null);
  const found: PendingFlattens = { pending: [], unreadable: [] };
  const look = async ({ pool, namespace, name, spec: object }: InventoryRow) => {
    const image: ImageSpec = { pool, namespace, image: name };
    try {
      await using handle = await openImage(cluster, image, { readOnly: true });
      const mark = await translated({ object }, () => readFlattenRequest(handle));
      if (mark !== null) found.pending.push({ image, ...mark });
    } catch (error) {
      if (hasCode(error, "NOT_FOUND")) return;
      if (!(error instanceof CoppiceError)) throw error;
      found.unreadable.push(error);
    }
  };
  await forEachLimit(clones, atOnce, look, signal);
  found.pending.sort(
    (a, b) =>
      Number(b.urgency === "first") - Number(a.urgency === "first") ||
      a.requestedAt.getTime() - b.requestedAt.getTime(),
  );
  return found;
}
