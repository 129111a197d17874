import type { ParentLink, SnapshotRow } from "../inventory/inventory-row.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { SnapshotHistory } from "./snapshot-history.ts";

/** What has to be known of an image before it can be cloned. */
export interface SourceFacts {
  /** Without a snapshot. */
  spec: ImageSpec;
  id: string;
  oldFormat: boolean;
  /** Bytes. */
  size: number;
  features: bigint;
  flags: bigint;
  /** Bytes. */
  objectSize: number;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  dataPool: string | null;
  /** Oldest first. */
  snapshots: readonly SnapshotRow[];
  parent: ParentLink | null;
  /** What the header said right after the rest had been read. `null` when it could not be understood. */
  history: SnapshotHistory | null;
}
