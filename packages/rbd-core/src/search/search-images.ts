import { CoppiceError } from "../errors/index.ts";
import type { Forest, ForestNode, Inventory } from "../inventory/index.ts";
import { firstAfter, listId, packCursor, positionOf, unpackCursor } from "./cursor.ts";
import { matcher } from "./match-node.ts";
import { checkSearch, type ImageSearch, type ImageSearchPage } from "./search.ts";
import { prepareSearch, SearchIndex } from "./search-index.ts";

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

/** @throws {CoppiceError} `NOT_FOUND` when no image of the forest has this spec or key. */
function findParent(index: SearchIndex, parent: string): ForestNode {
  const node = index.find(parent);
  if (node !== null) return node;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "searchImages",
    object: parent,
    message: `no image that was scanned is called ${JSON.stringify(parent)}`,
    hint: "Name the parent as pool/[namespace/]image without a snapshot, or by its key.",
  });
}

/** Keys of everything below. The forest has no circles: it cuts links that run in one. */
function keysBelow(forest: Forest, { childKeys }: ForestNode): Set<string> {
  const below = new Set<string>();
  const waiting = [...childKeys];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    below.add(key);
    for (const child of forest.nodes.get(key)?.childKeys ?? []) waiting.push(child);
  }
  return below;
}
