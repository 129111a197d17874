import type { IoCtx } from "rbd-native";
import { compareObjectMaps } from "../../object-map/compare-object-maps.ts";
import { isTrusted } from "../../object-map/is-trusted.ts";
import { emptyObjectMap, type ObjectMap } from "../../object-map/object-map.ts";
import { readObjectMap } from "../../object-map/read-object-map.ts";
import { allSettledOrThrow } from "../../parallel/together.ts";
import { readMappedHeader } from "./mapped-header.ts";

/**
 * Whether the object maps alone say that an image's head holds what its newest snapshot holds; or, without one, that
 * there is nothing. Two round trips. For who holds the image's lock: nobody else may be writing.
 *
 * @returns False also when they cannot tell: then the bytes have to be compared. Not to be asked after a rollback, which
 * takes the snapshot's map whatever the bytes are.
 * @throws RbdError
 */
export async function headIsUntouched(
  ioCtx: IoCtx,
  id: string,
  snapshot: { readonly id: bigint } | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const header = await readMappedHeader(ioCtx, id, signal);
  if (header === undefined) return false;
  const overlap = header.parent?.headOverlap ?? 0;
  const read = (point: { id?: bigint; size: number }) => readObjectMap(ioCtx, id, header, point, signal);
  if (snapshot === undefined) {
    return overlap === 0 && (header.size === 0 || isEqual(emptyObjectMap, await read({ size: header.size })));
  }
  const newest = header.snapshots.at(-1);
  if (newest?.id !== snapshot.id || !isTrusted(newest.flags)) return false;
  if (newest.size !== header.size || (newest.parentOverlap ?? 0) !== overlap) return false;
  return isEqual(...(await allSettledOrThrow([read(newest), read({ size: header.size })])));
}

function isEqual(before: ObjectMap | null, now: ObjectMap | null): boolean {
  if (before === null || now === null) return false;
  let changes = 0;
  compareObjectMaps(before, now, () => {
    changes++;
  });
  return changes === 0;
}
