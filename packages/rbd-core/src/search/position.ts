import type { CheckedSearch } from "./check-search.ts";
import { compareNames } from "./compare-names.ts";
import type { Position } from "./cursor.ts";
import type { SearchEntry } from "./search-index.ts";
import { sortValue } from "./sort-value.ts";

type Sort = CheckedSearch["sort"];

export function positionOf({ node, name, spec, key }: SearchEntry, { by }: Sort): Position {
  return { value: sortValue(node, by), name, spec, key };
}

/** Index of the first entry after a position; the entry that was there may be gone. `found` is in the order of `sort`. */
export function firstAfter(found: readonly SearchEntry[], { by, dir }: Sort, position: Position): number {
  const turn = dir === "asc" ? 1 : -1;
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = found[middle];
    if (entry === undefined) break;
    const order = turn * (sortValue(entry.node, by) - position.value) || turn * compareNames(entry, position);
    if (order > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
