import type { ImageSpec, ImageSpecLike } from "../names/index.ts";
import type { ProgressUnit } from "../operation/index.ts";
import type { CloneFormat } from "./clone-format.ts";
import type { CloneChoices, CloneWishes } from "./decide.ts";
import type { DerivePhase } from "./derive.ts";
import type { NameSource } from "./snapshot-name.ts";

/**
 * - `check`: names, source and target are looked at.
 * - `search`: a snapshot equal to the current state is looked for; `done` of `total` snapshots were compared.
 * - `snapshot` to `grow`: the changes, as far as they are needed.
 * - `undo`: something failed, or was aborted, and what had been made is being taken back.
 */
export type ClonePhase = "check" | "search" | DerivePhase | "undo";

export interface CloneProgress {
  phase: ClonePhase;
  /** Of this phase. */
  done: number;
  /** Of this phase; 0 until it is known. */
  total: number;
  unit: ProgressUnit;
}

export interface CloneOptions extends CloneChoices, CloneWishes {
  /** `pool/[namespace/]image` clones the current state, `pool/[namespace/]image@snap` that snapshot. */
  source: ImageSpecLike;
  /** `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** The name of the snapshot, if one has to be created. Default: a new one that starts with `coppice-`. */
  snapshotName?: string | undefined;
  /** Insists on a format instead of what the cluster allows. */
  cloneFormat?: CloneFormat | undefined;
  /** Aborting takes back what was made. A change that is under way is finished first; flattening stops. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CloneProgress) => void) | undefined;
  /** Where the name of a new snapshot comes from. Default: the clock and random bytes. */
  names?: NameSource | undefined;
}

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

/** What was done: the plan as it was carried out, and what is new on the cluster besides the clone. */
export interface CloneResult extends Omit<ClonePlan, "snapshot" | "protect" | "flatten"> {
  /** Ceph's id of the clone. */
  id: string;
  /** What the clone hangs on, or hung on before it was flattened. `reason` says why that one. */
  snapshot: { name: string; id: bigint; reason: string };
  /** Whether the snapshot was there before. */
  reused: boolean;
  /** What was made on the source and is still there: after a flatten only what other clones took hold of meanwhile. */
  created: { snapshot: boolean; protection: boolean };
  flattened: boolean;
}
