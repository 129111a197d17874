import type { FoundImage, ImageEntry, ImageReader } from "../inventory/image-reader.ts";
import { DecodeError } from "./decode-error.ts";
import { headerImage, headerIsNotEnough } from "./header-image.ts";
import { decodeImageHeader, type ImageHeader } from "./image-header.ts";
import { headerObject } from "./object-names.ts";
import { readOmap } from "./read-objects.ts";

/**
 * Reads images by their header objects: one omap read each, no image is opened. Where a header does not decode,
 * or is not the whole truth, `fallback` reads the image and the note says why.
 */
export function headerReader(fallback: ImageReader): ImageReader {
  return {
    async read(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage> {
      if (entry.id === "") return fallback.read(entry, signal);
      const { place } = entry;
      const omap = await readOmap(place.ioCtx, headerObject(entry.id), signal);
      const header = decoded(omap);
      const note = header instanceof DecodeError ? header.message : headerIsNotEnough(header);
      if (header instanceof DecodeError || note !== null) {
        return { ...(await fallback.read(entry, signal)), readNote: note };
      }
      return headerImage(header, place.poolId);
    },
  };
}

function decoded(omap: Iterable<readonly [string, Uint8Array]>): ImageHeader | DecodeError {
  try {
    return decodeImageHeader(omap);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}
