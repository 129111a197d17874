import { decodeValue } from "./byte-reader.ts";

const namePrefix = "name_";
const idPrefix = "id_";

export interface DirectoryEntry {
  name: string;
  id: string;
}

/**
 * Reads one entry of `rbd_directory` or `rbd_group_directory`. Each image or group has two, `name_<name>` with
 * the id and `id_<id>` with the name; the first kind is the listing. `null` for the others.
 */
export function decodeDirectoryEntry(key: string, value: Uint8Array): DirectoryEntry | null {
  if (!key.startsWith(namePrefix)) return null;
  const id = decodeValue(key, value, (reader) => reader.string(), true);
  return { name: key.slice(namePrefix.length), id };
}

/** Where the name of image `id` stands in `rbd_directory`. */
export function directoryIdKey(id: string): string {
  return `${idPrefix}${id}`;
}

/** The namespace that a key of `rbd_namespace` stands for. `null` for a key of another kind. */
export function namespaceOfKey(key: string): string | null {
  return key.startsWith(namePrefix) ? key.slice(namePrefix.length) : null;
}
