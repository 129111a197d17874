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

function imageRow(entry: ImageEntry, found: FoundImage, names: RowNames): ImageRow {
  const { dataPoolId, parent, links: _, ...rest } = found;
  return {
    state: "ok",
    ...common(entry),
    id: entry.id,
    ...rest,
    dataPool: dataPoolId === null ? null : (names.poolName(dataPoolId) ?? `#${dataPoolId}`),
    parent: parent === null || "poolName" in parent ? parent : names.nameParent(parent),
  };
}
