import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { headerIsNotEnough } from "../inventory/index.ts";
import { DecodeError } from "./encoding.ts";
import { decodeImageHeader, type ImageHeader } from "./image-header.ts";
import { headerObject, metadataKey } from "./object-names.ts";
import { readOmap } from "./read-objects.ts";

interface ReadHeader {
  readonly header: ImageHeader;
  /** The user's metadata: the text under a key, as it was set. */
  metadata(key: string): string | undefined;
  /** Whether there is any. */
  readonly hasMetadata: boolean;
}

/**
 * Reads an image's header and metadata as one object, past librbd: one round trip where a handle takes a dozen.
 *
 * @param id The image's.
 * @returns Null when that is not the whole truth about the image, so that librbd has to be asked: it is of format 1, is
 * being migrated, or was written by a newer Ceph.
 * @throws RbdError
 */
export async function readHeader(
  ioCtx: IoCtx,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ReadHeader | null> {
  try {
    const omap = await readOmap(ioCtx, headerObject(id), signal);
    const header = decodeImageHeader(omap);
    if (headerIsNotEnough(header) !== null) return null;
    const metadata = (key: string) => omap.get(metadataKey(key))?.toString("utf8");
    const hasMetadata = [...omap.keys()].some((key) => key.startsWith(metadataKey("")));
    return { header, metadata, hasMetadata };
  } catch (error) {
    if (error instanceof DecodeError || hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}
