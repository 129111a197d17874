import type { Place } from "../inventory/image-reader.ts";
import { decodeDirectoryEntry } from "./directory.ts";
import { directoryObject, trashObject } from "./object-names.ts";
import { readOmapOrNone } from "./read-objects.ts";
import { decodeTrashEntry, type TrashHeader } from "./trash-header.ts";

/** The images of a pool's namespace by id. */
export interface PlaceNames {
  images: ReadonlyMap<string, string>;
  trash: ReadonlyMap<string, TrashHeader>;
}

/**
 * Reads the directory and the trash of a place. An image that is moved to the trash meanwhile is found there:
 * the trash is read last.
 *
 * @throws {RbdError}
 * @throws {DecodeError}
 */
export async function readPlaceNames(place: Place, signal: AbortSignal | undefined): Promise<PlaceNames> {
  const images = new Map<string, string>();
  for (const [key, value] of await readOmapOrNone(place.ioCtx, directoryObject, signal)) {
    const entry = decodeDirectoryEntry(key, value);
    if (entry !== null) images.set(entry.id, entry.name);
  }
  const trash = new Map<string, TrashHeader>();
  for (const [key, value] of await readOmapOrNone(place.ioCtx, trashObject, signal)) {
    const entry = decodeTrashEntry(key, value);
    if (entry !== null) trash.set(entry.imageId, entry);
  }
  return { images, trash };
}
