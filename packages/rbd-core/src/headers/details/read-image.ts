import type { FoundImage, ImageEntry } from "../../inventory/image-reader.ts";
import type { ImageRow } from "../../inventory/inventory-row.ts";

/** A row in the making, and what it is made of. */
export interface ReadImage {
  entry: ImageEntry;
  found: FoundImage;
  row: ImageRow;
}
