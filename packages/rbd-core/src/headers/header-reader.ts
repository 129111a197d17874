import type { FoundImage, ImageEntry, ImageReader } from "../inventory/image-reader.ts";
import { DecodeError } from "./decode-error.ts";
import { headerImage, headerIsNotEnough, headerLinks } from "./header-image.ts";
import { decodeImageHeader, type ImageHeader } from "./image-header.ts";
import type { InventoryMemory } from "./inventory-memory.ts";
import { limitedReader } from "./limited-reader.ts";
import { headerObject } from "./object-names.ts";
import { type Omap, readOmap, readOmapAndTime } from "./read-objects.ts";

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
  const interpret = async (entry: ImageEntry, omap: Omap, signal: AbortSignal | undefined) => {
    const header = decoded(omap);
    const note = header instanceof DecodeError ? header.message : headerIsNotEnough(header);
    if (header instanceof DecodeError || note !== null) {
      const found = await opening.read(entry, signal);
      return {
        ...found,
        readNote: note,
        ...(header instanceof DecodeError ? {} : { links: headerLinks(header) }),
      };
    }
    return headerImage(header, entry.place.poolId);
  };
  return {
    async read(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage> {
      if (entry.id === "") return opening.read(entry, signal);
      const { ioCtx } = entry.place;
      const object = headerObject(entry.id);
      if (memory === undefined) return interpret(entry, await readOmap(ioCtx, object, signal), signal);

      const recalled = memory.recall(entry);
      if (recalled !== undefined) {
        const { modified } = await ioCtx.objects.stat(object, { signal });
        if (modified.getTime() === recalled.modified) {
          memory.keep();
          return recalled.found;
        }
      }
      const askedAt = Date.now();
      const { omap, modified } = await readOmapAndTime(ioCtx, object, signal);
      const found = await interpret(entry, omap, signal);
      // What librbd had to be asked for depends on more than the header.
      if (found.readThrough === "header") memory.remember(entry, found, modified, askedAt);
      return found;
    },
  };
}

function decoded(omap: Omap): ImageHeader | DecodeError {
  try {
    return decodeImageHeader(omap);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}
