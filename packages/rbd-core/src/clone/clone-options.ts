import type { ImageSpecLike } from "../names/to-image-spec.ts";
import type { DerivePhase } from "../steps/derive-phases.ts";
import type { ProgressUnit } from "../steps/step-progress.ts";
import type { CloneFormat } from "./clone-format.ts";
import type { CloneChoices } from "./decide-clone.ts";
import type { CloneWishes } from "./decide-shape.ts";
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
