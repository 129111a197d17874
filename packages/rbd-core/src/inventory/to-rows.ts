import { showImageSpec } from "../names/format-image-spec.ts";
import type { FoundImage, ImageEntry, ParentRef } from "./image-reader.ts";
import type { ImageRow, InventoryRow, ParentLink, UnreadableImageRow } from "./inventory-row.ts";
import type { ReadOutcome } from "./read-entries.ts";

/** Finds the names behind a parent's ids. */
export type NameParent = (parent: ParentRef) => ParentLink;

export interface RowNames {
  poolName(id: number): string | undefined;
  nameParent: NameParent;
}

/** Makes the row of an image that was read, or not. */
export function toRow(outcome: ReadOutcome, names: RowNames): InventoryRow {
  return "error" in outcome
    ? unreadableRow(outcome.entry, outcome.error)
    : imageRow(outcome.entry, outcome.found, names);
}

function common({ place, name, trash }: ImageEntry) {
  const pool = place.poolName;
  const namespace = place.namespace;
  return { pool, namespace, name, spec: showImageSpec({ pool, namespace, image: name }), trash };
}

function unreadableRow(entry: ImageEntry, error: UnreadableImageRow["error"]): UnreadableImageRow {
  return { state: "unreadable", ...common(entry), id: entry.id === "" ? null : entry.id, error };
}

/** Field by field: a copy by spreading costs several times the memory, for each of thousands of images. */
function imageRow({ place, id, name, trash }: ImageEntry, found: FoundImage, names: RowNames): ImageRow {
  const { dataPoolId, parent } = found;
  const { poolName: pool, namespace } = place;
  return {
    state: "ok",
    pool,
    namespace,
    name,
    spec: showImageSpec({ pool, namespace, image: name }),
    trash,
    id,
    format: found.format,
    size: found.size,
    objectSize: found.objectSize,
    features: found.features,
    flags: found.flags,
    dataPool: dataPoolId === null ? null : (names.poolName(dataPoolId) ?? `#${dataPoolId}`),
    stripeUnit: found.stripeUnit,
    stripeCount: found.stripeCount,
    createdAt: found.createdAt,
    modifiedAt: found.modifiedAt,
    snapshots: found.snapshots,
    parent: parent === null || "poolName" in parent ? parent : names.nameParent(parent),
    readThrough: found.readThrough,
    readNote: found.readNote,
  };
}
