import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { decodeValue } from "./encoding.ts";
import { imageIdObject } from "./object-names.ts";

/** The keys and values of an object's omap. */
export type Omap = ReadonlyMap<string, Buffer>;

/**
 * Reads the whole omap of an object.
 *
 * @throws {RbdError} `NOT_FOUND` when there is no such object
 */
export function readOmap(ioCtx: IoCtx, object: string, signal: AbortSignal | undefined): Promise<Omap> {
  return ioCtx.objects.readAllOmap(object, {}, { signal });
}

/** The same, and an empty one when there is no such object: many are made when first needed. */
export async function readOmapOrNone(
  ioCtx: IoCtx,
  object: string,
  signal: AbortSignal | undefined,
): Promise<Omap> {
  return (await ignoreNotFound(() => readOmap(ioCtx, object, signal))) ?? new Map();
}

/** One value of an object's omap; `null` when it, or the object, is not there. */
export async function readOmapValue(
  ioCtx: IoCtx,
  object: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Buffer | null> {
  const values = await ignoreNotFound(() => ioCtx.objects.readOmapValues(object, [key], { signal }));
  return values?.get(key) ?? null;
}

/**
 * Reads an object whole.
 *
 * @param expected how many bytes it probably has at the most; more costs two further calls
 * @throws {RbdError} `NOT_FOUND`
 */
export async function readContent(
  ioCtx: IoCtx,
  object: string,
  expected: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const content = await ioCtx.objects.readData(object, 0, expected + 1, { signal });
  if (content.length <= expected) return content;
  const { size } = await ioCtx.objects.stat(object, { signal });
  return ioCtx.objects.readData(object, 0, size, { signal });
}

/** What an action gives; `null` when it finds nothing there. */
export async function ignoreNotFound<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}

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
