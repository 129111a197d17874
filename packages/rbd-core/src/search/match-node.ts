import { isTrusted } from "../diff/index.ts";
import { imageFeatures } from "../image/index.ts";
import type { ForestMark, ForestNode, ImageRow } from "../inventory/index.ts";
import type { CheckedSearch, SearchKind, SearchProblem } from "./search.ts";
import type { SearchEntry } from "./search-index.ts";

/** Marks that mean something should be done; a flatten candidate is only a suggestion. */
const trouble: ReadonlySet<ForestMark> = new Set(["orphan", "parent-in-trash", "deep"]);

const kinds: Record<SearchKind, (node: ForestNode) => boolean> = {
  all: () => true,
  roots: ({ row, parentState }) => row.state === "ok" && parentState === "none",
  clones: ({ parentState }) => parentState !== "none",
  trash: ({ row }) => row.trash !== null,
  problems: ({ row, marks }) => row.state === "unreadable" || marks.some((mark) => trouble.has(mark)),
};

/**
 * The test of all filters together.
 *
 * @param family keys of the images that may be found; `null` for all.
 */
export function matcher(
  search: CheckedSearch,
  family: ReadonlySet<string> | null,
): (entry: SearchEntry) => boolean {
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

/** The filters on what only a readable image has. */
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
