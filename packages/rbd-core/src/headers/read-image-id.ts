import type { IoCtx } from "rbd-native";
import { decodeValue } from "./byte-reader.ts";
import { imageIdObject } from "./object-names.ts";
import { readContent } from "./read-objects.ts";

/** More than any id has. */
const idBytes = 255;

/**
 * Reads the id of the image that has a name: one small read. An image of format 1 has none.
 *
 * @throws {RbdError} `NOT_FOUND`; {@link DecodeError}
 */
export async function readImageId(
  ioCtx: IoCtx,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const object = imageIdObject(name);
  return decodeValue(object, await readContent(ioCtx, object, idBytes, signal), (reader) => reader.string());
}
