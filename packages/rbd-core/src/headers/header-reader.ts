import type { FoundImage, ImageEntry, ImageReader } from "../inventory/image-reader.ts";
import { DecodeError } from "./decode-error.ts";
import { headerImage, headerIsNotEnough, headerLinks } from "./header-image.ts";
import { decodeImageHeader, decodePackedHeader, type ImageHeader } from "./image-header.ts";
import type { InventoryMemory } from "./inventory-memory.ts";
import { limitedReader } from "./limited-reader.ts";
import { headerObject } from "./object-names.ts";
import { type PackedOmap, readPackedOmap, readPackedOmapAndTime } from "./packed-omap.ts";
import { type Omap, readOmap } from "./read-objects.ts";

/** How many images the fallback may open at a time: each is some twenty calls and a few MiB. */
const opensAtOnce = 24;

/**
 * Reads images by their header objects: one omap read each, no image is opened. Where a header does not decode,
 * or is not the whole truth, `fallback` reads the image and the note says why.
 *
 * @param memory of a scan before: what has not changed since is not read again
 */
export function headerReader(fallback: ImageReader, memory?: InventoryMemory): ImageReader {
  const opening = limitedReader(fallback, opensAtOnce);
  const throughLibrbd = async (
    entry: ImageEntry,
    header: ImageHeader | DecodeError,
    signal?: AbortSignal,
  ) => {
    const found = await opening.read(entry, signal);
    return header instanceof DecodeError
      ? { ...found, readNote: header.message }
      : { ...found, readNote: headerIsNotEnough(header), links: headerLinks(header) };
  };
  const interpret = (entry: ImageEntry, header: ImageHeader | DecodeError, signal?: AbortSignal) =>
    header instanceof DecodeError || headerIsNotEnough(header) !== null
      ? throughLibrbd(entry, header, signal)
      : headerImage(header, entry.place.poolId);
  return {
    async read(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage> {
      if (entry.id === "") return opening.read(entry, signal);
      const { ioCtx } = entry.place;
      const object = headerObject(entry.id);
      if (memory === undefined) {
        const omap = await readPackedOmap(ioCtx, object, signal);
        const header = omap.more ? decoded(await readOmap(ioCtx, object, signal)) : decodedPacked(omap);
        return interpret(entry, header, signal);
      }

      const recalled = memory.recall(entry);
      if (recalled !== undefined) {
        const { modified } = await ioCtx.objects.stat(object, { signal });
        if (modified.getTime() === recalled.modified) {
          memory.keep();
          return recalled.found;
        }
      }
      const askedAt = Date.now();
      const { omap, modified } = await readPackedOmapAndTime(ioCtx, object, signal);
      // The time is of the first page: should the object change while more are read, the next scan sees that.
      const header = omap.more ? decoded(await readOmap(ioCtx, object, signal)) : decodedPacked(omap);
      const found = await interpret(entry, header, signal);
      // What librbd had to be asked for depends on more than the header.
      if (found.readThrough === "header") memory.remember(entry, found, modified, askedAt);
      return found;
    },
  };
}

function decoded(omap: Omap): ImageHeader | DecodeError {
  return orDecodeError(() => decodeImageHeader(omap));
}

function decodedPacked(omap: PackedOmap): ImageHeader | DecodeError {
  return orDecodeError(() => decodePackedHeader(omap));
}

function orDecodeError(decode: () => ImageHeader): ImageHeader | DecodeError {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}
