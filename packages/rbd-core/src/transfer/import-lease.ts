import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { headerObject } from "../headers/object-names.ts";
import { type HeldLock, lockObject } from "../lock/object-lock.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";

const leaseSeconds = 5;

/**
 * Keeps other imports away from an image that one is making: also while nobody has it open, before it is removed.
 *
 * @param id The image's.
 * @throws {CoppiceError} `BUSY`; RbdError `NOT_FOUND` when it was removed; the signal's reason
 */
export async function leaseImport(
  cluster: Cluster,
  place: ImageSpec,
  id: string,
  signal?: AbortSignal,
): Promise<HeldLock> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const lease = await lockObject(ioCtx, headerObject(id), {
    name: "coppice.import",
    description: "importing a new image",
    leaseSeconds,
    // Of a process that died, the lease runs out meanwhile.
    patienceSeconds: leaseSeconds + 1,
    signal,
  });
  if (lease !== null) return lease;
  throw importedElsewhere(place);
}

/** That another process makes an image of that name. */
export function importedElsewhere(place: ImageSpec): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "BUSY",
    call: "leaseImport",
    object,
    message: `${object} is being imported by another process`,
    hint: "Wait for it to end.",
  });
}
