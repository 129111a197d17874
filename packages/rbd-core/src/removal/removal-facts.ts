import type { LockFacts, WatcherFacts } from "../deletion/deletion-facts.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import type { ImageSpec } from "../names/image-spec.ts";

/** A clone, as the snapshot it hangs on knows it. */
export interface CloneOfImage {
  /** Without a snapshot. In the trash, the name it had. */
  spec: ImageSpec;
  imageId: string;
  inTrash: boolean;
  /** The snapshot it was cloned from; `null` for one that was removed since, and is kept in the trash. */
  snapshot: string | null;
}

/** Everything that decides whether an image can go. */
export interface RemovalFacts {
  /** Without a snapshot. */
  spec: ImageSpec;
  /** `""` for an image of format 1. */
  id: string;
  /** Bytes. */
  size: number;
  /** Oldest first; of all kinds. */
  snapshots: readonly SnapshotRow[];
  /** The name of the group it belongs to. */
  group: string | null;
  /** In every pool and namespace, and in the trash. */
  clones: readonly CloneOfImage[];
  watchers: readonly WatcherFacts[];
  locks: readonly LockFacts[];
}
