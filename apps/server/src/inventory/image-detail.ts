import { type ForestNode, flagNames, type ImageRow, type UnreadableImageRow } from "rbd-core";
import type { ImageDetail, SnapshotDetail } from "../procedures/images/get.schema.ts";
import type { Catalog, CatalogRow } from "./catalog.ts";

/** Everything the catalog knows of one image. */
export function imageDetail({ view, node }: CatalogRow, catalog: Catalog): ImageDetail {
  const { row } = node;
  const children = childrenOf(node, catalog);
  const shared = {
    ...view,
    ancestors: ancestorsOf(node, catalog),
    children: children.map(({ view: { key, spec, inTrash }, snapshot }) => ({
      key,
      spec,
      snapshot,
      inTrash,
    })),
    trash: trashOf(row),
  };
  if (row.state === "unreadable") {
    return {
      ...shared,
      id: row.id,
      objectSize: 0,
      dataPool: null,
      stripeUnit: 0,
      stripeCount: 0,
      featureBits: "0",
      flags: [],
      modifiedAt: null,
      snapshots: [],
      parent: null,
    };
  }
  return {
    ...shared,
    id: row.id,
    objectSize: row.objectSize,
    dataPool: row.dataPool,
    stripeUnit: row.stripeUnit,
    stripeCount: row.stripeCount,
    featureBits: row.features.toString(),
    flags: flagNames(row.flags),
    modifiedAt: row.modifiedAt?.toISOString() ?? null,
    snapshots: row.snapshots.map((snapshot): SnapshotDetail => {
      const { id, name, size, kind, createdAt } = snapshot;
      return {
        id: id.toString(),
        name,
        size,
        kind,
        protected: snapshot.protected,
        createdAt: createdAt.toISOString(),
        children: children
          .filter((child) => child.snapshotId === id)
          .map(({ view: { key, spec, inTrash } }) => ({ key, spec, inTrash })),
      };
    }),
    parent:
      row.parent === null
        ? null
        : {
            spec: view.parentSpec ?? "",
            snapshot: row.parent.snapshotName,
            overlap: row.parent.overlap,
            inTrash: row.parent.inTrash,
          },
  };
}

function childrenOf(node: ForestNode, catalog: Catalog) {
  return node.childKeys.flatMap((key) => {
    const child = catalog.byKey.get(key);
    if (child === undefined || child.node.row.state !== "ok" || child.node.row.parent === null) return [];
    const { snapshotName, snapshotId } = child.node.row.parent;
    return [{ view: child.view, snapshot: snapshotName, snapshotId }];
  });
}

function ancestorsOf(node: ForestNode, catalog: Catalog): ImageDetail["ancestors"] {
  const line: ImageDetail["ancestors"] = [];
  for (let below = node; below.parentKey !== null; ) {
    const parent = catalog.byKey.get(below.parentKey);
    if (parent === undefined) break;
    line.unshift({ key: parent.view.key, spec: parent.view.spec, snapshot: below.parentSnapshot ?? "" });
    below = parent.node;
  }
  return line;
}

function trashOf({ trash }: ImageRow | UnreadableImageRow): ImageDetail["trash"] {
  if (trash === null) return null;
  return { deletedAt: trash.deletedAt.toISOString(), deferredUntil: trash.deferredUntil.toISOString() };
}
