import type { ImageSpec } from "../../names/image-spec.ts";
import type { ImageSpecLike } from "../../names/to-image-spec.ts";
import type { FlowOptions } from "../../steps/step-progress.ts";
import type { Digests } from "../bytes/digests.ts";
import type { TemplateSource } from "../source/template-source.ts";

/**
 * - `receive`, `convert`: of a disk that is not raw; they count bytes and percent.
 * - `create`: the image.
 * - `write`: counts bytes of the disk; `total` stays 0 while the size is not known.
 * - `snapshot`, `protect`: what clones hang on.
 */
export type ImportPhase = "receive" | "convert" | "create" | "write" | "snapshot" | "protect";

export interface ImportTemplateOptions extends FlowOptions<ImportPhase> {
  source: TemplateSource;
  /** `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** Bytes of the stream, if known; it must then have exactly that many. A file and most downloads know themselves. */
  size?: number | undefined;
  /** Default: told from the first bytes. `raw` takes the bytes as they are, whatever they look like. */
  format?: "raw" | "qcow2" | undefined;
  /** The digests that the source is to have, in hex. */
  expected?: Partial<Digests> | undefined;
  /** Bytes read and written at a time; a multiple of `sparseSize`. Default 8 MiB, as Glance. */
  chunkSize?: number | undefined;
  /** Runs of zeros of this many bytes, at multiples of it, stay holes. Default 4096, as `rbd import`. */
  sparseSize?: number | undefined;
  /** Bytes, a power of two. Default: what the cluster configures, usually 4 MiB. */
  objectSize?: number | undefined;
  /** `RBD_FEATURE_*` bits. Default: what the cluster configures. */
  features?: bigint | undefined;
  /** Keeps the data in another pool. */
  dataPool?: string | undefined;
  /** Default `snap`, as Glance names it. */
  snapshotName?: string | undefined;
  /** The program that converts qcow2. Default `qemu-img`. */
  qemuImg?: string | undefined;
  /** Where a disk that is not raw is kept meanwhile. Default: the system's folder for temporary files. */
  scratchFolder?: string | undefined;
}

export interface ImportTemplateResult {
  template: Required<ImageSpec>;
  /** `rbd://fsid/pool/image/snap`; `null` for a template in a namespace. */
  url: string | null;
  /** Ceph's id of the template. */
  id: string;
  /** Bytes of the disk, and so of the image. */
  size: number;
  /** Bytes that were not zeros, in steps of `sparseSize`: what was written. */
  written: number;
  format: "raw" | "qcow2";
  /** Of the disk as it is in the image. */
  digests: Digests;
  /** Of the source as it came; the same as `digests` for a raw one. */
  sourceDigests: Digests;
}
