import { rowError } from "../errors/row-error.ts";
import { ServerError } from "../errors/server-error.ts";
import type { ImageDetail } from "../procedures/images/get.schema.ts";
import type { ImageListInput, ImageListPage } from "../procedures/images/list.schema.ts";
import type { LineageForest } from "../procedures/lineage/forest.schema.ts";
import type { Catalog } from "./catalog.ts";
import { findImage } from "./find-image.ts";
import { imageDetail } from "./image-detail.ts";
import type { InventoryCache } from "./inventory-cache.ts";
import type { InventoryService } from "./inventory-service.ts";
import { lineage } from "./lineage.ts";
import { listImages } from "./list-images.ts";

/** An image that is not in a look this young is not on the cluster. */
const YOUNG_MS = 2000;

/** Answers the dashboard's questions out of the cache. */
export class InventoryReader implements InventoryService {
  readonly #cache: InventoryCache;
  /** The forest is asked for again and again and is the biggest answer: built once per look. */
  #forest: { of: Catalog; answer: LineageForest } | null = null;

  constructor(cache: InventoryCache) {
    this.#cache = cache;
  }

  async list(input: ImageListInput): Promise<ImageListPage> {
    const catalog = await this.#cache.current();
    const { failure } = this.#cache;
    const scanProblems = [...catalog.problems];
    if (failure !== null) scanProblems.unshift({ place: null, error: rowError(failure) });
    return { ...listImages(catalog, input), scanProblems };
  }

  async get(spec: string): Promise<ImageDetail> {
    let catalog = await this.#cache.current();
    let found = findImage(catalog, spec);
    if (found === null && this.#cache.ageMs > YOUNG_MS) {
      catalog = await this.#cache.refresh();
      found = findImage(catalog, spec);
    }
    if (found === null) {
      throw new ServerError("IMAGE_UNKNOWN", `There is no image ${spec}.`, {
        object: spec,
        hint: "It may have been renamed or removed. Look for it in the list of images.",
      });
    }
    return imageDetail(found, catalog);
  }

  async forest(): Promise<LineageForest> {
    const catalog = await this.#cache.current();
    if (this.#forest?.of !== catalog) this.#forest = { of: catalog, answer: lineage(catalog) };
    return this.#forest.answer;
  }

  async refresh(): Promise<{ scannedAt: string }> {
    const { scannedAt } = await this.#cache.refresh();
    return { scannedAt };
  }
}
