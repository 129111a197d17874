import type { CloneFormat } from "../clone/clone-format.ts";
import type { CloneChoices } from "../clone/decide-clone.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";
import type { DerivePhase } from "../steps/derive-phases.ts";
import type { FlowOptions } from "../steps/step-progress.ts";

/** After the template has been derived from the disk, it is given its snapshot, and that is protected. */
export type CapturePhase = DerivePhase | "template-snapshot" | "template-protect";

export interface CaptureWishes extends CloneChoices {
  /** The disk: `pool/[namespace/]image`, or one of its snapshots. */
  source: ImageSpecLike;
  /** The template to make: `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** The template's snapshot. Default `snap`, as Glance names it. */
  snapshotName?: string | undefined;
  /** The name of the snapshot on the disk, if one has to be created. Default: a new one that starts with `coppice-`. */
  temporarySnapshot?: string | undefined;
  /** Insists on a clone format instead of what the cluster allows. */
  cloneFormat?: CloneFormat | undefined;
}

export type CaptureOptions = CaptureWishes & FlowOptions<CapturePhase>;

export interface CaptureResult {
  template: Required<ImageSpec>;
  /** `rbd://fsid/pool/image/snap`; `null` for a template in a namespace. */
  url: string | null;
  /** Ceph's id of the template. */
  id: string;
  /** Bytes. */
  size: number;
  /** Which state of the disk it is. */
  source: Required<ImageSpec>;
  /** Whether that snapshot was there before. */
  reused: boolean;
  /** Whether the disk is as it was before. False only when another clone took hold of the snapshot meanwhile. */
  unchanged: boolean;
  /** Sentences a user should read. */
  warnings: string[];
}
