import type { Forest } from "../inventory/forest-types.ts";
import type { Inventory } from "../inventory/inventory-types.ts";
import { checkSearch } from "./check-search.ts";
import { listId, packCursor, unpackCursor } from "./cursor.ts";
import { findParent, keysBelow } from "./family.ts";
import { matcher } from "./match-node.ts";
import { firstAfter, positionOf } from "./position.ts";
import { prepareSearch, SearchIndex } from "./search-index.ts";
import type { ImageSearch, ImageSearchPage } from "./search-types.ts";

/**
 * One page of the images that pass all filters, in the order asked for. Pure: it looks at what was scanned.
 *
 * A cursor says after which image to go on, not how many to skip: when the next page is taken from a later
 * scan, no image that stayed as it was is shown twice or left out.
 *
 * @param scan for more than one search of the same scan, pass what `prepareSearch` made of it: then the images
 * are sorted once, not each time.
 * @throws {CoppiceError} `INVALID_ARGUMENT`: a filter that is unknown, is none, or that no image could pass; a
 * cursor that is none, or of another search. `NOT_FOUND`: the `parent` was not scanned.
 */
export function searchImages(
  scan: Forest | Inventory | SearchIndex,
  search: ImageSearch = {},
): ImageSearchPage {
  const checked = checkSearch(search);
  const index = scan instanceof SearchIndex ? scan : prepareSearch(scan);
  const parent = checked.parent === undefined ? null : findParent(index, checked.parent);
  const list = listId(checked, parent?.key ?? null);
  const after = checked.cursor === undefined ? null : unpackCursor(list, checked.cursor);

  const direct = parent === null ? null : new Set(parent.childKeys);
  const family = parent !== null && checked.descendants ? keysBelow(index.forest, parent) : direct;
  const found = index.ordered(checked.sort).filter(matcher(checked, family));
  const from = after === null ? 0 : firstAfter(found, checked.sort, after);
  const page = found.slice(from, from + checked.limit);
  const last = page.at(-1);
  const more = last !== undefined && from + page.length < found.length;
  return {
    rows: page.map(({ node }) => node),
    total: index.nodes.length,
    filtered: found.length,
    nextCursor: more ? packCursor(list, positionOf(last, checked.sort)) : null,
  };
}
