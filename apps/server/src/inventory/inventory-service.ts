import type { ImageDetail } from "../procedures/images/get.schema.ts";
import type { ImageListInput, ImageListPage } from "../procedures/images/list.schema.ts";
import type { LineageForest } from "../procedures/lineage/forest.schema.ts";

/** The cached picture of every image, refreshed in the background. */
export interface InventoryService {
  list(input: ImageListInput): Promise<ImageListPage>;
  get(spec: string): Promise<ImageDetail>;
  forest(): Promise<LineageForest>;
  /** Looks at the cluster now, and resolves when that look is complete. */
  refresh(): Promise<{ scannedAt: string }>;
}
