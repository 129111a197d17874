import type { ImageSpec } from "../names/image-spec.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";
import type { DoomedSnapshots } from "../removal/judge-removal.ts";
import type { CloneOfImage } from "../removal/removal-facts.ts";
import type { RemovalPhase } from "../removal/remove-images.ts";
import type { RetryOptions } from "../removal/retry-while-busy.ts";
import type { FlowOptions } from "../steps/step-progress.ts";

/**
 * What becomes of the clones that read from the volume:
 * - `refuse`: a volume with clones is not deleted.
 * - `keep`: it goes to the trash with its snapshots, where its clones go on reading from it.
 * - `flatten`: the clones are made independent first.
 */
export type Dependants = "refuse" | "keep" | "flatten";

/** `flatten`: the clones are made independent, one step each; counts objects. */
export type DeleteVolumePhase = "flatten" | RemovalPhase;

export interface DeleteVolumeWishes {
  /** `pool/[namespace/]image` */
  volume: ImageSpecLike;
  /** Default `refuse`. */
  dependants?: Dependants | undefined;
  /** Which of the user's snapshots may go for good. Default `none`: a volume with snapshots is refused. */
  snapshots?: DoomedSnapshots | undefined;
}

export type DeleteVolumeOptions = DeleteVolumeWishes &
  FlowOptions<DeleteVolumePhase> &
  Pick<RetryOptions, "attempts" | "pauseMilliseconds" | "pause" | "onBusy">;

export interface DeleteVolumeResult {
  volume: ImageSpec;
  /** Ceph's id of the volume: by this it is found in the trash. */
  id: string;
  outcome: "removed" | "trashed";
  /** The clones that were made independent. */
  flattened: ImageSpec[];
  /** The clones that keep the volume in the trash. */
  kept: readonly CloneOfImage[];
}
