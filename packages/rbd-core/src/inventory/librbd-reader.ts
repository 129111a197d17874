import type { Image } from "rbd-native";
import type { FoundImage, ImageEntry, ImageReader } from "./image-reader.ts";
import type { ParentLink, SnapshotRow } from "./rows.ts";

/** Reads an image by opening it. Slower than reading headers, and right for every image librbd can open. */
export const librbdReader: ImageReader = {
  async read({ place, id, name }: ImageEntry): Promise<FoundImage> {
    // By id where there is one: an image that is renamed meanwhile is still the same.
    await using image = await place.ioCtx.openImage(id === "" ? name : { id }, { readOnly: true });
    const oldFormat = await image.isOldFormat();
    const [stat, features, flags, stripe, dataPoolId, times, snapshots, parent] = await Promise.all([
      image.stat(),
      image.features(),
      image.flags(),
      image.stripe(),
      oldFormat ? null : image.dataPoolId(),
      oldFormat ? null : image.timestamps(),
      readSnapshots(image),
      readParent(image),
    ]);
    return {
      format: oldFormat ? 1 : 2,
      size: stat.size,
      objectSize: stat.objectSize,
      features,
      flags,
      stripeUnit: stripe.unit,
      stripeCount: stripe.count,
      dataPoolId: dataPoolId === place.poolId ? null : dataPoolId,
      createdAt: times?.created ?? null,
      modifiedAt: times?.modified ?? null,
      snapshots,
      parent,
      readThrough: "librbd",
      readNote: null,
    };
  },
};

/** Oldest first. (`rbd_snap_list`, `rbd_snap_get_namespace_type`, `rbd_snap_get_timestamp`) */
export async function readSnapshots(image: Image): Promise<SnapshotRow[]> {
  const snapshots = await image.listSnapshots();
  return snapshots
    .map(({ id, name, size, namespace, protected: isProtected, timestamp }) => ({
      id,
      name,
      size,
      kind: namespace,
      protected: isProtected,
      createdAt: timestamp,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The parent of what the handle is set to: the current state or a snapshot. (`rbd_get_parent`, `rbd_get_overlap`) */
export async function readParent(image: Image): Promise<ParentLink | null> {
  const parent = await image.parent();
  if (parent === null) return null;
  return {
    poolName: parent.poolName,
    namespace: parent.namespace,
    imageName: parent.imageName,
    imageId: parent.imageId,
    snapshotName: parent.snapshotName,
    snapshotId: parent.snapshotId,
    inTrash: parent.trash,
    overlap: parent.overlap,
  };
}
