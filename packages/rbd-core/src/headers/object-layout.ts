import type { ImageHeader } from "./image-header.ts";

/** How the bytes of an image are striped over RADOS objects. Sizes are in bytes. */
export interface ObjectLayout {
  objectSize: number;
  stripeUnit: number;
  stripeCount: number;
}

/** The layout of the image that has this header. */
export function imageLayout({ order, stripeUnit, stripeCount }: ImageHeader): ObjectLayout {
  return { objectSize: 2 ** order, stripeUnit, stripeCount };
}

/** The number of objects that an image of `size` bytes can have. */
export function objectCount(layout: ObjectLayout, size: number): number {
  const { objectSize, stripeUnit, stripeCount } = layout;
  const setBytes = objectSize * stripeCount;
  const fullSets = Math.floor(size / setBytes);
  // In the last object set the first row of stripe units determines how many objects are used.
  const rest = size - fullSets * setBytes;
  return fullSets * stripeCount + Math.min(stripeCount, Math.ceil(rest / stripeUnit));
}

/** The number of bytes of the image in object `index`: less than the object size at the end of the image. */
export function bytesOfObject(layout: ObjectLayout, size: number, index: number): number {
  const { objectSize, stripeUnit, stripeCount } = layout;
  const setBytes = objectSize * stripeCount;
  const set = Math.floor(index / stripeCount);
  const inSet = Math.min(setBytes, Math.max(0, size - set * setBytes));
  if (inSet === setBytes) return objectSize;
  const rowBytes = stripeUnit * stripeCount;
  const rows = Math.floor(inSet / rowBytes);
  const inRow = inSet - rows * rowBytes - (index % stripeCount) * stripeUnit;
  return rows * stripeUnit + Math.min(stripeUnit, Math.max(0, inRow));
}
