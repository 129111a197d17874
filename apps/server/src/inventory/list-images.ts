import { CoppiceError, type ImageSearch, type ImageSearchPage, searchImages } from "rbd-core";
import { staleCursor } from "../paging/cursor.ts";
import type { ImageListInput, ImageListPage } from "../procedures/images/list.schema.ts";
import type { Catalog } from "./catalog.ts";

/**
 * One page of the catalog. A cursor says after which row to go on, not how many to skip: when images come or go
 * between two pages, no other image is shown twice or left out.
 *
 * @throws {ServerError} `STALE_CURSOR` when the cursor belongs to another filter or sort.
 * @throws {CoppiceError} `NOT_FOUND` when `parent` is no image of the catalog.
 */
export function listImages(catalog: Catalog, input: ImageListInput): Omit<ImageListPage, "scanProblems"> {
  const { rows, total, filtered, nextCursor } = find(catalog, input);
  return {
    rows: rows.flatMap(({ key }) => catalog.byKey.get(key)?.view ?? []),
    total,
    filtered,
    nextCursor,
    scannedAt: catalog.scannedAt,
  };
}

function find(catalog: Catalog, input: ImageListInput): ImageSearchPage {
  try {
    return searchImages(catalog.search, toSearch(input));
  } catch (error) {
    // The rest of the input is checked before it comes here: only the cursor can still be wrong.
    const wrong = error instanceof CoppiceError && error.code === "INVALID_ARGUMENT";
    if (wrong && input.cursor !== undefined) throw staleCursor(error);
    throw error;
  }
}

function toSearch({ search, createdAfter, createdBefore, ...rest }: ImageListInput): ImageSearch {
  return { ...rest, text: search, createdAfter: dateOf(createdAfter), createdBefore: dateOf(createdBefore) };
}

function dateOf(iso: string | undefined): Date | undefined {
  return iso === undefined ? undefined : new Date(iso);
}
