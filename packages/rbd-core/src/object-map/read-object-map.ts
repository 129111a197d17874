import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/to-coppice-error.ts";
import { DecodeError } from "../headers/decode-error.ts";
import type { ImageHeader } from "../headers/image-header.ts";
import { imageLayout } from "../headers/image-layout.ts";
import { objectMapObject } from "../headers/object-names.ts";
import { readContent } from "../headers/read-objects.ts";
import { decodeObjectMap, objectMapBytes } from "./decode-object-map.ts";
import { objectCount } from "./object-layout.ts";
import type { ObjectMap } from "./object-map.ts";

/** A snapshot, or the head (without `id`). */
export interface MappedPoint {
  readonly id?: bigint | undefined;
  /** Bytes the image has there. */
  readonly size: number;
}

/**
 * Reads the object map of one point of an image, past librbd. `null` for one that is not there, is damaged, or does not
 * fit the image's size. Whether Ceph calls it invalid is for the caller to ask.
 *
 * @param id The image's.
 * @throws {RbdError}
 */
export async function readObjectMap(
  ioCtx: IoCtx,
  id: string,
  header: ImageHeader,
  point: MappedPoint,
  signal: AbortSignal | undefined,
): Promise<ObjectMap | null> {
  const objects = objectCount(imageLayout(header), point.size);
  const object = objectMapObject(id, point.id);
  try {
    const content = await readContent(ioCtx, object, objectMapBytes(objects), signal);
    const map = decodeObjectMap(content, object);
    return map.length >= objects ? map : null;
  } catch (error) {
    if (error instanceof DecodeError || hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}
