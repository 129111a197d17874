import type { IoCtx } from "rbd-native";
import { CoppiceError } from "../../errors/coppice-error.ts";
import { headerObject } from "../../headers/object-names.ts";
import { type HeldLock, lockObject } from "../../lock/object-lock.ts";
import { showImageSpec } from "../../names/format-image-spec.ts";
import type { ImageSpec } from "../../names/image-spec.ts";

const leaseSeconds = 5;

/** What fills a new image: copies and imports do not go on with what the other left. */
export type NewImageMaker = "copy" | "import";

/**
 * Keeps others away from an image that one process makes: also while nobody has it open, and before it is removed.
 *
 * @param id The image's.
 * @throws {CoppiceError} `BUSY`; RbdError `NOT_FOUND` when it was removed; the signal's reason
 */
export async function leaseNewImage(
  maker: NewImageMaker,
  ioCtx: IoCtx,
  place: ImageSpec,
  id: string,
  signal?: AbortSignal,
): Promise<HeldLock> {
  const lease = await lockObject(ioCtx, headerObject(id), {
    name: `coppice.${maker}`,
    description: "filling a new image",
    leaseSeconds,
    // Of a process that died, the lease runs out meanwhile.
    patienceSeconds: leaseSeconds + 1,
    signal,
  });
  if (lease !== null) return lease;
  throw madeElsewhere(place);
}

/** That another process makes an image of that name. */
export function madeElsewhere(place: ImageSpec): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "BUSY",
    call: "leaseNewImage",
    object,
    message: `${object} is being made by another process`,
    hint: "Wait for it to end.",
  });
}
