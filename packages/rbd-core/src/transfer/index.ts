export { type CopyDiffOptions, type CopyDiffResult, copyDiff } from "./copy/copy-diff.ts";
export { type CopyImageOptions, type CopyImageResult, copyImage } from "./copy/copy-image.ts";
export {
  type BlockDigest,
  type DigestManifest,
  type MergedManifest,
  mergeManifests,
} from "./digests/digest-manifest.ts";
export { decodeManifest, encodeManifest } from "./digests/manifest-bytes.ts";
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
export { type ImportRawOptions, importRaw } from "./import/import-raw.ts";
export type { SourceRange } from "./source.ts";
export { TransferLimits, type TransferOptions, type TransferProgress } from "./transfer-options.ts";
