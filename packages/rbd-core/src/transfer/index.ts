/**
 * Transfers: what moves the data of images and snapshots, between images and to and from streams. From the bottom up:
 *
 * - `transfer-options` (progress, limits, the rate meter), `plan` (pure planning of extents), `source` (the image that is
 *   read), `head-snapshot` (a snapshot to read a head from)
 * - `target/`: the image that is written to: how it is opened and locked, its head, and the records of its snapshots;
 *   on it `new-image` (the image that a transfer creates)
 * - `digests/`: digests of blocks that a copy moved, as a manifest, in bytes, and compared with an image
 * - `copy/`: `copyDiff` on source, target and digests; `copyImage` on the parts of `copyDiff`
 * - `export/`: a source as a diff, an image stream or raw bytes
 * - `import/`: a diff, an image stream or raw bytes to a target
 *
 * `copy`, `export` and `import` do not use each other. The formats of the streams are in `formats/`, and the notes that
 * transfers write into the metadata of a target in `notes/`.
 */
export { isUnnamedCopy } from "./copy/copy-checkpoint.ts";
export { type CopyDiffOptions, type CopyDiffResult, copyDiff } from "./copy/copy-diff.ts";
export { type CopyImageOptions, type CopyImageResult, copyImage } from "./copy/copy-image.ts";
export { recoverCopy } from "./copy/copy-mark.ts";
export { undoCopy } from "./copy/undo-copy.ts";
export type { CopyVerification } from "./copy/verify-copy.ts";
export { completeManifest } from "./digests/complete-manifest.ts";
export { digestDiff } from "./digests/digest-diff.ts";
export {
  type BlockDigest,
  type DigestManifest,
  type MergedManifest,
  mergeManifests,
} from "./digests/digest-manifest.ts";
export { decodeManifest, encodeManifest } from "./digests/manifest-bytes.ts";
export { digestRecords } from "./digests/record-digests.ts";
export {
  type VerifyDigestsOptions,
  type VerifyDigestsResult,
  verifyDigests,
} from "./digests/verify-digests.ts";
export { type ExportDiffOptions, exportDiff } from "./export/export-diff.ts";
export { type ExportImageOptions, exportImage } from "./export/export-image.ts";
export { type ExportRawOptions, exportRaw, exportRawFile } from "./export/export-raw.ts";
export { type ImportDiffOptions, type ImportDiffResult, importDiff } from "./import/import-diff.ts";
export { type ImportImageOptions, type ImportImageResult, importImage } from "./import/import-image.ts";
export { type ImportRawOptions, importRaw, type WrittenRaw, writeRaw } from "./import/import-raw.ts";
export { importNew, markSnapshots, recoverImport } from "./import/new-image-import.ts";
export { ChunkPool, checkBytes, rechunk, untilAborted } from "./import/raw-chunks.ts";
export { type Digests, digestNames, StreamDigests } from "./import/stream-digests.ts";
export { writeRecords } from "./import/write-records.ts";
export {
  createEmptyImage,
  existsAlready,
  makeNewImage,
  type NewImageLayout,
  newImageFeatures,
  newImageOptions,
} from "./new-image.ts";
export { identityOf, isSameImage, type SourceRange } from "./source.ts";
export { headEquals, setSize } from "./target/head.ts";
export { holdTarget, openTarget } from "./target/open-target.ts";
export { readPoint, removePoint } from "./target/point-record.ts";
export {
  progressOf,
  RateMeter,
  TransferLimits,
  type TransferOptions,
  type TransferProgress,
} from "./transfer-options.ts";
