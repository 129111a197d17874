import type { ObjectLayout } from "../object-map/object-layout.ts";
import type { ImageHeader } from "./image-header.ts";

/** How an image's bytes are spread over objects. */
export function imageLayout({ order, stripeUnit, stripeCount }: ImageHeader): ObjectLayout {
  return { objectSize: 2 ** order, stripeUnit, stripeCount };
}
