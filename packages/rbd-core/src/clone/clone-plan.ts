import type { ImageSpec } from "../names/image-spec.ts";
import type { CloneFormat } from "./clone-format.ts";

/** Which snapshot the clone will hang on, and why that one. */
export interface PlannedSnapshot {
  name: string;
  /** `null` while it is still to be created. */
  id: bigint | null;
  action: "reuse" | "create";
  /** One sentence without a full stop. */
  reason: string;
}

/** Everything that cloning will do, decided before anything is changed. */
export interface ClonePlan {
  /** The image, without a snapshot. */
  source: ImageSpec;
  target: ImageSpec;
  snapshot: PlannedSnapshot;
  /** Whether the snapshot will be protected; false also when it already is. */
  protect: boolean;
  cloneFormat: CloneFormat;
  /** One sentence without a full stop. */
  cloneFormatReason: string;
  /** Bytes, of the snapshot. */
  sourceSize: number;
  /** Bytes, of the clone in the end: the snapshot's, or more when that was asked for. */
  size: number;
  /** Whether the clone is flattened, and what was made on the source taken away again. */
  flatten: boolean;
  /** Why it is flattened or why not; one sentence without a full stop. */
  flattenReason: string;
  /** `RBD_FEATURE_*` bits of the clone. */
  features: bigint;
  /** Bytes, a power of two. */
  objectSize: number;
  /** log2 of `objectSize`. */
  order: number;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  /** `null` leaves the data in the target's own pool, or in the pool the cluster configures for it. */
  dataPool: string | null;
  /** How many images the clone will have above it in the end. */
  depth: number;
  /** Sentences a user should read first. */
  warnings: string[];
}
