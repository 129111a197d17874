import type { CloneFormat } from "../clone/clone-format.ts";
import type { CloneChoices } from "../clone/decide-clone.ts";
import type { CloneWishes } from "../clone/decide-shape.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";
import type { DerivePhase } from "../steps/derive-phases.ts";
import type { FlowOptions } from "../steps/step-progress.ts";
import type { TemplateLike } from "../template/resolve-template.ts";

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

/** How Cinder is set up by default (`rbd_max_clone_depth`). */
export const defaultMaxDepth = 5;

export interface VolumeOptions extends CloneWishes, CloneChoices {
  /** `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** Default: nothing, for an empty volume. Then `size` is needed. */
  from?: VolumeOrigin | undefined;
  /**
   * How many images the volume may have above it in the end; one that would have more is flattened. 0: the volume is
   * a full copy. Default 5.
   */
  maxDepth?: number | undefined;
  /** `RBD_FEATURE_*` bits. Default: the source's; of an empty volume what the cluster configures. */
  features?: bigint | undefined;
  /** The name of the snapshot on the source volume, if one has to be created. */
  snapshotName?: string | undefined;
  /** Insists on a clone format instead of what the cluster allows. */
  cloneFormat?: CloneFormat | undefined;
}

export type CreateVolumeOptions = VolumeOptions & FlowOptions<VolumePhase>;
