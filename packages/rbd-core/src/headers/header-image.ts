import type { FoundImage, HeaderLinks } from "../inventory/image-reader.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import type { ImageHeader } from "./image-header.ts";
import type { SnapshotHeader } from "./snapshot-header.ts";

/**
 * Why a header, although it decodes, is not the whole truth about its image, so that librbd has to be asked.
 * `null`: it is.
 */
export function headerIsNotEnough(header: ImageHeader): string | null {
  if (header.migration !== null)
    return "the image is being migrated, so its parent is not what its header says";
  const unknown = header.snapshots.find(({ namespace }) => namespace.kind === "unknown");
  return unknown === undefined ? null : `the snapshot ${unknown.name} is of an unknown kind`;
}

/** What an inventory shows of an image, out of its header. */
export function headerImage(header: ImageHeader, poolId: number): FoundImage {
  const { parent } = header;
  return {
    format: 2,
    size: header.size,
    objectSize: 2 ** header.order,
    features: header.features,
    flags: header.flags,
    dataPoolId: header.dataPoolId === poolId ? null : header.dataPoolId,
    stripeUnit: header.stripeUnit,
    stripeCount: header.stripeCount,
    createdAt: header.createdAt,
    modifiedAt: header.modifiedAt,
    snapshots: header.snapshots.map(snapshotRow),
    parent:
      parent === null || parent.headOverlap === null
        ? null
        : {
            poolId: parent.poolId,
            namespace: parent.namespace,
            imageId: parent.imageId,
            snapshotId: parent.snapshotId,
            overlap: parent.headOverlap,
          },
    readThrough: "header",
    readNote: null,
    links: headerLinks(header),
  };
}

const noLinks: HeaderLinks = { children: [], group: null };

export function headerLinks({ children, group }: ImageHeader): HeaderLinks {
  if (children.size === 0) return group === null ? noLinks : { children: [], group };
  const links = [...children].flatMap(([snapshotId, images]) =>
    images.map((image) => ({ ...image, snapshotId })),
  );
  return { children: links, group };
}

export function snapshotRow({
  id,
  name,
  size,
  namespace,
  protection,
  createdAt,
}: SnapshotHeader): SnapshotRow {
  return {
    id,
    name,
    size,
    kind: namespace.kind === "unknown" ? "user" : namespace.kind,
    // One that is being unprotected cannot be removed either.
    protected: protection !== "unprotected",
    createdAt: createdAt ?? new Date(0),
  };
}
