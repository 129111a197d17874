import type { IoCtx } from "rbd-native";
import type { ImageHeader } from "../../headers/image-header.ts";
import { readHeader } from "../../headers/read-header.ts";
import { hasFastDiff, isTrusted } from "../../object-map/is-trusted.ts";

/**
 * Reads the header of an image whose head has an object map that can be trusted.
 *
 * @param id The image's.
 * @returns Undefined of any other.
 * @throws RbdError
 */
export async function readMappedHeader(
  ioCtx: IoCtx,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ImageHeader | undefined> {
  const header = (await readHeader(ioCtx, id, signal))?.header;
  return header !== undefined && hasFastDiff(header.features) && isTrusted(header.flags) ? header : undefined;
}
