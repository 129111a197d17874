import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { headerObject, metadataKey } from "../headers/object-names.ts";
import { readOmapValue } from "../headers/read-objects.ts";
import type { ImageRow, InventoryRow } from "../inventory/inventory-row.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { forEachLimit } from "../parallel/for-each-limit.ts";
import { type FlattenRequestMark, flattenRequestKey, parseFlattenRequest } from "./flatten-request.ts";

export interface PendingFlatten extends FlattenRequestMark {
  image: ImageSpec;
}

export interface PendingFlattens {
  /** Urgent ones first, then by the time they were asked for. */
  pending: PendingFlatten[];
  /** Images whose request could not be read. */
  unreadable: CoppiceError[];
}

/** One small read each. */
const atOnce = 128;

/**
 * Finds the flattens that were requested and have not been done: what to put into a `FlattenQueue` after a start. Only
 * clones are looked at, by one read of their headers; those that were removed meanwhile are passed over.
 *
 * @param rows Of an inventory.
 */
export async function pendingFlattens(
  cluster: Cluster,
  rows: readonly InventoryRow[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<PendingFlattens> {
  const clones = rows.filter(
    (row): row is ImageRow => row.state === "ok" && row.parent !== null && row.trash === null,
  );
  const found: PendingFlattens = { pending: [], unreadable: [] };
  const look = async ({ pool, namespace, name, id, spec: object }: ImageRow) => {
    const image: ImageSpec = { pool, namespace, image: name };
    try {
      const ioCtx = await cluster.pool(pool, namespace);
      const value = await withCoppiceErrors({ object, what: `${object} could not be read` }, () =>
        readOmapValue(ioCtx, headerObject(id), metadataKey(flattenRequestKey), signal),
      );
      const mark = value && parseFlattenRequest(value.toString(), id, object);
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
