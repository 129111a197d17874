import { ByteReader } from "./byte-reader.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Diff } from "./diff-record.ts";
import type { ImageStream } from "./image-stream.ts";
import { diffBehindBanner, type OpenOptions } from "./open-diff.ts";
import { imageBehindBanner } from "./open-image-stream.ts";
import { readBanner } from "./read-banner.ts";
import { diffBanners, imageBanner } from "./tags.ts";
import { decompressIfZstd } from "./zstd.ts";

export type OpenedStream = { readonly compressed: boolean } & (
  | { readonly kind: "diff"; readonly diff: Diff }
  | { readonly kind: "image"; readonly image: ImageStream }
);

/**
 * Starts reading a diff or an image stream, whichever it is, compressed with zstd or not.
 *
 * @throws {FormatError} here or while the records are read; its offset counts decompressed bytes.
 */
export async function openStream(source: ByteSource, options: OpenOptions = {}): Promise<OpenedStream> {
  const { content, compressed } = await decompressIfZstd(source);
  const reader = new ByteReader(content);
  const order = options.order ?? "ascending";
  try {
    const banner = await readBanner(reader, [...Object.values(diffBanners), imageBanner]);
    if (banner === imageBanner) {
      return { kind: "image", compressed, image: await imageBehindBanner(reader, order) };
    }
    const version = banner === diffBanners[1] ? 1 : 2;
    return { kind: "diff", compressed, diff: await diffBehindBanner(reader, version, order) };
  } catch (error) {
    await reader.close();
    throw error;
  }
}
