import { isTrusted } from "../diff/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { imageFeatures } from "../image/index.ts";
import type { Forest, ForestMark, ForestNode, ImageRow, Inventory } from "../inventory/index.ts";
import { decodeCursor, encodeCursor, firstAfter, listId, positionOf } from "./cursor.ts";
import {
  type CheckedSearch,
  checkSearch,
  type ImageSearch,
  type ImageSearchPage,
  type SearchKind,
  type SearchProblem,
} from "./search.ts";
import { prepareSearch, type SearchEntry, SearchIndex } from "./search-index.ts";

/**
 * Returns one page of the images that pass all filters, in the requested order. Pure.
 *
 * ```ts
 * const scan = prepareSearch(await inventory(cluster));
 * const first = searchImages(scan, { text: "web", kind: "clones", limit: 20 });
 * const second = searchImages(scan, { text: "web", kind: "clones", limit: 20, cursor: first.nextCursor ?? undefined });
 * ```
 *
 * A cursor records the image after which the next page begins, and not a number of images to skip. The next page may
 * therefore come from a later inventory: no image that did not change is returned twice or left out.
 *
 * @param scan an inventory or its forest. For more than one search, pass the result of `prepareSearch`, so that the
 * images are sorted only once.
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a filter that is unknown, invalid, or that no image can pass, and for a
 * cursor of another search; `NOT_FOUND` when `parent` is not in the inventory
 */
export function searchImages(
  scan: Forest | Inventory | SearchIndex,
  search: ImageSearch = {},
): ImageSearchPage {
  const checked = checkSearch(search);
  const index = scan instanceof SearchIndex ? scan : prepareSearch(scan);
  const parent = checked.parent === undefined ? null : findParent(index, checked.parent);
  const list = listId(checked, parent?.key ?? null);
  const after = checked.cursor === undefined ? null : decodeCursor(list, checked.cursor);

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
    nextCursor: more ? encodeCursor(list, positionOf(last, checked.sort)) : null,
  };
}

/**
 * Returns all images that pass all filters, in the requested order, without pages. Pure.
 *
 * ```ts
 * for (const { row, depth } of searchAllImages(await inventory(cluster), { kind: "clones" })) console.log(row.spec, depth);
 * ```
 *
 * @throws {CoppiceError} as `searchImages`
 */
export function searchAllImages(
  scan: Forest | Inventory | SearchIndex,
  search: Omit<ImageSearch, "cursor" | "limit"> = {},
): ForestNode[] {
  return searchImages(scan, { ...search, cursor: undefined, limit: Number.MAX_SAFE_INTEGER }).rows;
}

/** @throws {CoppiceError} `NOT_FOUND` when no image of the forest has this spec or key. */
function findParent(index: SearchIndex, parent: string): ForestNode {
  const node = index.find(parent);
  if (node !== null) return node;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "searchImages",
    object: parent,
    message: `the inventory has no image ${JSON.stringify(parent)}`,
    hint: "Name the parent as pool/[namespace/]image without a snapshot, or by its key.",
  });
}

/** The keys of all clones below an image. Terminates, since a forest has no cycles. */
function keysBelow(forest: Forest, { childKeys }: ForestNode): Set<string> {
  const below = new Set<string>();
  const waiting = [...childKeys];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    below.add(key);
    for (const child of forest.nodes.get(key)?.childKeys ?? []) waiting.push(child);
  }
  return below;
}

/** Marks that count as a problem; a flatten candidate is only a suggestion. */
const problemMarks: ReadonlySet<ForestMark> = new Set(["orphan", "parent-in-trash", "deep"]);

const kinds: Record<SearchKind, (node: ForestNode) => boolean> = {
  all: () => true,
  roots: ({ row, parentState }) => row.state === "ok" && parentState === "none",
  clones: ({ parentState }) => parentState !== "none",
  trash: ({ row }) => row.trash !== null,
  problems: ({ row, marks }) =>
    row.state === "unreadable" ||
    row.operation?.state === "interrupted" ||
    marks.some((mark) => problemMarks.has(mark)),
};

/**
 * Combines all filters.
 *
 * @param family keys of the images that can match; `null` for all
 */
function matcher(search: CheckedSearch, family: ReadonlySet<string> | null): (entry: SearchEntry) => boolean {
  const { text, pool, namespace, problem } = search;
  const words = text?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  const isKind = kinds[search.kind];
  const hasFacts = factsMatcher(search);
  return ({ node, key, text: within }) =>
    (pool === undefined || node.row.pool === pool) &&
    (namespace === undefined || node.row.namespace === namespace) &&
    (family === null || family.has(key)) &&
    isKind(node) &&
    (problem === undefined || hasProblem(node, problem)) &&
    hasFacts(node) &&
    words.every((word) => within.includes(word));
}

function hasProblem({ row, marks }: ForestNode, problem: SearchProblem): boolean {
  if (problem === "unreadable") return row.state === "unreadable";
  if (problem !== "object-map-invalid") return marks.includes(problem);
  return row.state === "ok" && !isTrusted(row.flags);
}

/** Combines the filters on fields that only a readable image has. */
function factsMatcher(search: CheckedSearch): (node: ForestNode) => boolean {
  const { feature, minSize, maxSize, createdAfter, createdBefore } = search;
  const tests: ((row: ImageRow) => boolean)[] = [];
  if (feature !== undefined) tests.push(({ features }) => (features & imageFeatures[feature]) !== 0n);
  if (minSize !== undefined) tests.push(({ size }) => size >= minSize);
  if (maxSize !== undefined) tests.push(({ size }) => size <= maxSize);
  if (createdAfter !== undefined)
    tests.push(({ createdAt }) => createdAt !== null && createdAt >= createdAfter);
  if (createdBefore !== undefined)
    tests.push(({ createdAt }) => createdAt !== null && createdAt < createdBefore);
  if (tests.length === 0) return () => true;
  return ({ row }) => row.state === "ok" && tests.every((test) => test(row));
}
