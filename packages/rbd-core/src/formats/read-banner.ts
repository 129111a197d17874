import type { ByteReader } from "./byte-reader.ts";
import { FormatError } from "./format-error.ts";

/**
 * Reads the line that a stream begins with, byte by byte, so that it stops at the first that fits no banner.
 *
 * @throws {FormatError} `BAD_MAGIC`, or `TRUNCATED` when the stream ends inside a banner.
 */
export async function readBanner(reader: ByteReader, banners: readonly string[]): Promise<string> {
  const start = reader.position;
  let read = "";
  for (;;) {
    const found = banners.find((banner) => banner === read);
    if (found !== undefined) return found;
    await reader.need(1, "the banner");
    read += String.fromCharCode(reader.peek());
    if (!banners.some((banner) => banner.startsWith(read))) {
      const expected = banners.map((banner) => JSON.stringify(banner.trimEnd())).join(" or ");
      throw new FormatError(
        "BAD_MAGIC",
        start,
        `the stream begins with ${JSON.stringify(read)}, not ${expected}`,
      );
    }
    reader.take(1);
  }
}
