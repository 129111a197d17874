import type { ByteSource } from "./bytes.ts";
import type { Diff, DiffHeader, DiffVersion } from "./diff-record.ts";
import { type ImageHeader, openStream } from "./read-image-stream.ts";

/** The contents of one diff, counted. */
export interface DiffSummary extends DiffHeader {
  readonly version: DiffVersion;
  /** How many write records. */
  readonly writes: number;
  /** How many zero records. */
  readonly zeroes: number;
  /** Bytes of data in write records. */
  readonly writtenBytes: number;
  /** Bytes that zero records cover. */
  readonly zeroedBytes: number;
  /** Whether extents ascend without overlap, as `rbd merge-diff` and `mergeDiffs` need them. */
  readonly ascending: boolean;
}

export type StreamSummary = { readonly compressed: boolean } & (
  | { readonly kind: "diff"; readonly diff: DiffSummary }
  | { readonly kind: "image"; readonly image: ImageHeader; readonly diffs: readonly DiffSummary[] }
);

/**
 * Reads a diff or an image stream to its end, compressed with zstd or not, and counts its contents. A result means that
 * every record is valid: it parses, lies within the image, and nothing is missing or left over.
 *
 * @throws {FormatError} saying what is wrong, and where in the decompressed stream.
 */
export async function inspectDiff(source: ByteSource): Promise<StreamSummary> {
  const opened = await openStream(source, { order: "any" });
  const { compressed } = opened;
  if (opened.kind === "diff") {
    await using diff = opened.diff;
    return { kind: "diff", compressed, diff: await summarise(diff) };
  }
  await using image = opened.image;
  const diffs: DiffSummary[] = [];
  for await (const diff of image.diffs) diffs.push(await summarise(diff));
  return { kind: "image", compressed, image: image.header, diffs };
}

async function summarise(diff: Diff): Promise<DiffSummary> {
  const counts = { writes: 0, zeroes: 0, writtenBytes: 0, zeroedBytes: 0, ascending: true };
  let end = 0;
  for await (const record of diff.records) {
    if (record.type === "data") continue;
    if (record.offset < end) counts.ascending = false;
    end = record.offset + record.length;
    counts[record.type === "write" ? "writes" : "zeroes"]++;
    counts[record.type === "write" ? "writtenBytes" : "zeroedBytes"] += record.length;
  }
  return { version: diff.version, ...diff.header, ...counts };
}
