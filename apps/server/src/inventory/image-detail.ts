import { type ForestNode, flagNames, type ImageRow, type UnreadableImageRow } from "rbd-core";
import { z } from "zod";
import { clusterId } from "../api/schemas.ts";
import type { Catalog, CatalogRow } from "./catalog.ts";
import { imageListRow } from "./image-row.ts";

export const imageGetInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`, or the `key` of a row where the name alone does not say which. */
  spec: z.string().min(1).max(1024),
});

/** A snapshot of an image. `id` is a decimal string: it may exceed 2^53. */
const snapshotDetail = z.object({
  id: z.string(),
  name: z.string(),
  /** Size of the image at that moment, in bytes. */
  size: z.number(),
  kind: z.enum(["user", "group", "trash", "mirror", "unknown"]),
  protected: z.boolean(),
  createdAt: z.string(),
  /** `key` as in a row: two clones can have the same spec, one of them in the trash. */
  children: z.array(z.object({ key: z.string(), spec: z.string(), inTrash: z.boolean() })),
});

/** Everything known of one image. */
export const imageDetailSchema = imageListRow.extend({
  id: z.string().nullable(),
  /** Bytes. */
  objectSize: z.number(),
  dataPool: z.string().nullable(),
  /** Bytes. */
  stripeUnit: z.number(),
  stripeCount: z.number(),
  /** The 64 feature bits as a decimal string. */
  featureBits: z.string(),
  flags: z.array(z.string()),
  modifiedAt: z.string().nullable(),
  snapshots: z.array(snapshotDetail),
  /** `overlap` in bytes: how much of the image can still be read through its parent. */
  parent: z
    .object({ spec: z.string(), snapshot: z.string(), overlap: z.number(), inTrash: z.boolean() })
    .nullable(),
  /** From the root down to the parent. `snapshot` is the one that the next in line was cloned from. */
  ancestors: z.array(z.object({ key: z.string(), spec: z.string(), snapshot: z.string() })),
  children: z.array(
    z.object({ key: z.string(), spec: z.string(), snapshot: z.string(), inTrash: z.boolean() }),
  ),
  trash: z.object({ deletedAt: z.string(), deferredUntil: z.string() }).nullable(),
});

export type SnapshotDetail = z.output<typeof snapshotDetail>;
export type ImageDetail = z.output<typeof imageDetailSchema>;

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
