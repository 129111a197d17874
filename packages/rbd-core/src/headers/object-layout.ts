import type { ImageHeader } from "./image-header.ts";

/** How an image's bytes are spread over objects. All in bytes but `stripeCount`. */
export interface ObjectLayout {
  objectSize: number;
  stripeUnit: number;
  stripeCount: number;
}

/** How many objects an image of `size` bytes can have. */
export function objectCount(layout: ObjectLayout, size: number): number {
  const { objectSize, stripeUnit, stripeCount } = layout;
  const setBytes = objectSize * stripeCount;
  const fullSets = Math.floor(size / setBytes);
  // In the last set the first row of stripes decides how many objects are touched.
  const rest = size - fullSets * setBytes;
  return fullSets * stripeCount + Math.min(stripeCount, Math.ceil(rest / stripeUnit));
}

/** How many of the image's bytes lie in object `index`. Less than the object's size at the image's end. */
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

/** How an image's bytes are spread over objects. */
export function imageLayout({ order, stripeUnit, stripeCount }: ImageHeader): ObjectLayout {
  return { objectSize: 2 ** order, stripeUnit, stripeCount };
}
