import type { Image } from "rbd-native";
import type { ImageEntry } from "./list-images.ts";
import type { ImageRow, ParentLink, SnapshotRow } from "./rows.ts";

/** An image as a reader returns it. The names of pools and parents are added when all images have been read. */
export type FoundImage = Omit<
  ImageRow,
  | "state"
  | "pool"
  | "namespace"
  | "name"
  | "id"
  | "spec"
  | "trash"
  | "operation"
  | "dataPool"
  | "parent"
  | "children"
  | "group"
  | "watchers"
> & {
  /** `null`: the data is in the image's own pool. */
  dataPoolId: number | null;
  parent: ParentRef | ParentLink | null;
  links?: HeaderLinks;
};

/** A parent by its ids, as the clone's header records it. */
export interface ParentRef {
  poolId: number;
  namespace: string;
  imageId: string;
  snapshotId: bigint;
  /** Bytes from the start of the clone that overlap with the parent. */
  overlap: number;
}

/** Links that only the header contains, for the details of a row. */
export interface HeaderLinks {
  /** Clones of format 2. */
  children: readonly { poolId: number; namespace: string; imageId: string; snapshotId: bigint }[];
  group: { poolId: number; groupId: string } | null;
}

/**
 * A way of reading an image.
 *
 * The contract: a reader changes nothing, and leaves neither a watcher nor a lock. It rejects with `NOT_FOUND` when the
 * image does not exist (any more) and with another error when it cannot be read; it never returns a part of an image.
 */
export interface ImageReader {
  read(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage>;
}

/** Limits a reader to `limit` images at a time; further ones wait. */
export function limitedReader(reader: ImageReader, limit: number): ImageReader {
  let reading = 0;
  const waiting: (() => void)[] = [];
  return {
    async read(entry, signal) {
      if (reading >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else reading += 1;
      try {
        return await reader.read(entry, signal);
      } finally {
        // The next waiting read takes over this one's place, so that `reading` does not change.
        const next = waiting.shift();
        if (next === undefined) reading -= 1;
        else next();
      }
    },
  };
}

/** Reads an image by opening it. Slower than reading its header, and correct for every image that librbd can open. */
export const librbdReader: ImageReader = {
  async read({ place, id, name }: ImageEntry, signal): Promise<FoundImage> {
    // By id if it has one, so that renaming it meanwhile makes no difference.
    await using image = await place.ioCtx.openImage(id === "" ? name : { id }, { readOnly: true, signal });
    const oldFormat = await image.isOldFormat({ signal });
    const [stat, features, flags, stripe, dataPoolId, times, snapshots, parent] = await Promise.all([
      image.stat({ signal }),
      image.features({ signal }),
      image.flags({ signal }),
      image.stripe({ signal }),
      oldFormat ? null : image.dataPoolId({ signal }),
      oldFormat ? null : image.timestamps({ signal }),
      readSnapshots(image, signal),
      readParent(image, signal),
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

/** The snapshots of an open image, oldest first. (`rbd_snap_list`, `rbd_snap_get_namespace_type`, `rbd_snap_get_timestamp`) */
export async function readSnapshots(image: Image, signal?: AbortSignal): Promise<SnapshotRow[]> {
  const snapshots = await image.listSnapshots({ signal });
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

/** The parent of an open image at the point that it is set to: HEAD or a snapshot. (`rbd_get_parent`, `rbd_get_overlap`) */
export async function readParent(image: Image, signal?: AbortSignal): Promise<ParentLink | null> {
  const parent = await image.parent({ signal });
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
