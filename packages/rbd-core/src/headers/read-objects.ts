import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { DecodeError, decodeValue } from "./encoding.ts";
import { decodeImageHeader, type ImageHeader, reasonToAskLibrbd } from "./image-header.ts";
import { directoryObject, headerObject, imageIdObject, metadataKey } from "./object-names.ts";
import { directoryNameKey } from "./pool-objects.ts";

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

/** Reads the whole omap of an object that may not exist: Ceph creates many objects on first use. */
export async function readOmapOrNone(
  ioCtx: IoCtx,
  object: string,
  signal: AbortSignal | undefined,
): Promise<Omap> {
  return (await ignoreNotFound(() => readOmap(ioCtx, object, signal))) ?? new Map();
}

/** Reads one value of an object's omap; `null` when the key or the object does not exist. */
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
 * Reads the whole data of an object.
 *
 * @param expected an upper bound of its size that usually holds, in bytes; a larger object takes two more calls
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

/** Runs `action`; `null` when it fails with `NOT_FOUND`. */
export async function ignoreNotFound<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}

/** More bytes than any image id has. */
const idBytes = 255;

/**
 * Reads the id of the image with this name. An image of format 1 has no id.
 *
 * @throws {RbdError} `NOT_FOUND`
 * @throws {DecodeError}
 */
export async function readImageId(
  ioCtx: IoCtx,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const object = imageIdObject(name);
  return decodeValue(object, await readContent(ioCtx, object, idBytes, signal), (reader) => reader.string());
}

/**
 * Reads the id under which a name is reserved: also while librbd creates the image and has only entered the name in the
 * directory, and after its client died at that point. `null` for a name that is free, or that an image of format 1 has.
 *
 * @throws {RbdError}
 * @throws {DecodeError}
 */
export async function readReservedId(
  ioCtx: IoCtx,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const id = await ignoreNotFound(() => readImageId(ioCtx, name, signal));
  if (id !== null) return id;
  const key = directoryNameKey(name);
  const listed = await ignoreNotFound(() => readOmapValue(ioCtx, directoryObject, key, signal));
  return listed && (decodeValue(key, listed, (reader) => reader.string(), true) || null);
}

interface HeaderAndMetadata {
  readonly header: ImageHeader;
  /** A value of the user's metadata (`rbd image-meta`). */
  metadata(key: string): string | undefined;
  /** Whether the image has any metadata. */
  readonly hasMetadata: boolean;
}

/**
 * Reads the header and the metadata of an image from its header object: one round trip, where opening the image takes a
 * dozen.
 *
 * @param id the image's id
 * @returns `null` when librbd has to be asked instead: the image is of format 1, is being migrated, or was written by a
 * newer Ceph
 * @throws {RbdError}
 */
export async function readHeader(
  ioCtx: IoCtx,
  id: string,
  signal: AbortSignal | undefined,
): Promise<HeaderAndMetadata | null> {
  try {
    const omap = await readOmap(ioCtx, headerObject(id), signal);
    const header = decodeImageHeader(omap);
    if (reasonToAskLibrbd(header) !== null) return null;
    const metadata = (key: string) => omap.get(metadataKey(key))?.toString("utf8");
    const hasMetadata = [...omap.keys()].some((key) => key.startsWith(metadataKey("")));
    return { header, metadata, hasMetadata };
  } catch (error) {
    if (error instanceof DecodeError || hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}
