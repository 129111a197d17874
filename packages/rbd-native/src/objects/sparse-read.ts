import { native } from "../internal/binding.ts";
import { checkCount, checkName, refuse } from "../internal/check.ts";
import { type Place, specIn } from "../ioctx/place.ts";

/** What an object holds of a range. Offsets and lengths in bytes. */
export interface SparseData {
  /** The bytes of all extents, one after the other. */
  readonly data: Buffer;
  /** Ascending; what lies between them was never written, or given up, and reads as zeroes. */
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
}

const MOST = 2 ** 30;

export async function sparseRead(
  place: Place,
  object: string,
  offset: number,
  length: number,
): Promise<SparseData> {
  const call = "librados::IoCtx::aio_sparse_read";
  const spec = specIn(place, checkName(call, place.poolName, "object", object));
  checkCount(call, spec, "offset", offset);
  checkCount(call, spec, "length", length);
  if (length > MOST) refuse(call, spec, `length ${length} is more than the ${MOST} of one call`);
  const { data, extents } = await native.sparseReadObject(place.handle, object, offset, length);
  const pairs = Array.from({ length: extents.length / 2 }, (_, i) => ({
    offset: extents[2 * i] as number,
    length: extents[2 * i + 1] as number,
  }));
  return { data, extents: pairs };
}
