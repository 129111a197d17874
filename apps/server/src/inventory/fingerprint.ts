import type { CatalogRow } from "./catalog.ts";

/**
 * A text that differs when anything shown of the image does, except the time it was last written: that changes
 * with every look at a running machine's disk, and telling every tab each time would say nothing.
 */
export function fingerprint({ view, node }: CatalogRow): string {
  const { row } = node;
  if (row.state === "unreadable") return JSON.stringify([view, row.trash]);
  const { flags, dataPool, parent, trash } = row;
  const snapshots = row.snapshots.map(({ id, name, size, kind, protected: held }) => [
    String(id),
    name,
    size,
    kind,
    held,
  ]);
  const link = parent === null ? null : { ...parent, snapshotId: String(parent.snapshotId) };
  return JSON.stringify([view, String(flags), dataPool, snapshots, link, trash, node.parentKey]);
}

/** Keys that are new, gone, or whose fingerprint differs. */
export function changedKeys(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const changed = [...after].filter(([key, print]) => before.get(key) !== print).map(([key]) => key);
  for (const key of before.keys()) if (!after.has(key)) changed.push(key);
  return changed;
}
