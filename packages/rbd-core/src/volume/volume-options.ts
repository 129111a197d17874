import type { CloneFormat } from "../clone/clone-format.ts";
import type { CloneChoices } from "../clone/decide-clone.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";
import type { DerivePhase } from "../steps/derive-phases.ts";
import type { FlowOptions } from "../steps/step-progress.ts";
import type { TemplateLike } from "../template/resolve-template.ts";
import type { VolumeWishes } from "./decide-volume.ts";

/** What a volume is made from. */
export type VolumeOrigin =
  /** `pool/[namespace/]image@snap` */
  | { snapshot: ImageSpecLike }
  /** `pool/[namespace/]image`: its current state. */
  | { volume: ImageSpecLike }
  /** A template, by its name (`@snap` unless it says otherwise) or its `rbd://` URL. */
  | { template: TemplateLike };

/** `create`: an empty one. The rest is of those that are made from something. */
export type VolumePhase = "create" | DerivePhase;

export interface VolumeOptions extends VolumeWishes, CloneChoices {
  /** `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** Default: nothing, for an empty volume. Then `size` is needed. */
  from?: VolumeOrigin | undefined;
  /** `RBD_FEATURE_*` bits of an empty volume; others have their source's. Default: what the cluster configures. */
  features?: bigint | undefined;
  /** The name of the snapshot on the source volume, if one has to be created. */
  snapshotName?: string | undefined;
  /** Insists on a clone format instead of what the cluster allows. */
  cloneFormat?: CloneFormat | undefined;
}

export type CreateVolumeOptions = VolumeOptions & FlowOptions<VolumePhase>;
