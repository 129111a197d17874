import { type Forest, type ForestNode, forest as forestOf, type Inventory } from "../inventory/index.ts";
import type { SearchSort } from "./search.ts";

/** One image, prepared. */
export interface SearchEntry {
  node: ForestNode;
  name: string;
  spec: string;
  key: string;
  /** What `text` looks through: the spec in lower case. */
  text: string;
  /** Place among all images by name: a number is quicker to compare than three texts. */
  rank: number;
}

/** A forest prepared for searches. Never changes, as the forest does not: the next scan makes a new one. */
export class SearchIndex {
  readonly forest: Forest;
  /** By name the way people count (vm-2 before vm-10), then by spec, then by key. */
  readonly nodes: readonly ForestNode[];
  readonly #byName: readonly SearchEntry[];
  /** Each order is worked out when first asked for. */
  readonly #orders = new Map<string, readonly SearchEntry[]>();

  constructor(forest: Forest) {
    const entries = [...forest.nodes.values()].map(entryOf).sort(compareNames);
    entries.forEach((entry, rank) => {
      entry.rank = rank;
    });
    this.forest = forest;
    this.nodes = entries.map(({ node }) => node);
    this.#byName = entries;
  }

  /** All images in this order; equal ones by name, in the same direction. */
  ordered({ by, dir }: { by: SearchSort; dir: "asc" | "desc" }): readonly SearchEntry[] {
    const order = `${by} ${dir}`;
    const known = this.#orders.get(order);
    if (known !== undefined) return known;
    const ascending = [...this.#byName].sort(
      (a, b) => sortValue(a.node, by) - sortValue(b.node, by) || a.rank - b.rank,
    );
    const entries = dir === "asc" ? ascending : ascending.reverse();
    this.#orders.set(order, entries);
    return entries;
  }

  /**
   * The image of this key, or else of this spec. An image in the trash may share its spec with a living one and
   * with others in the trash; the living one is meant, and a key says any of them exactly.
   */
  find(name: string): ForestNode | null {
    const byKey = this.forest.nodes.get(name);
    if (byKey !== undefined) return byKey;
    const named = this.nodes.filter(({ row }) => row.spec === name);
    return named.find(({ row }) => row.trash === null) ?? named[0] ?? null;
  }
}

/** Prepares one scan for many searches: the names are sorted once, each other order when it is first needed. Pure. */
export function prepareSearch(scan: Forest | Inventory): SearchIndex {
  return new SearchIndex("nodes" in scan ? scan : forestOf(scan));
}

function entryOf(node: ForestNode): SearchEntry {
  const { name, spec } = node.row;
  return { node, name, spec, key: node.key, text: spec.toLowerCase(), rank: 0 };
}

const values: Record<SearchSort, (node: ForestNode) => number> = {
  name: () => 0,
  size: ({ row }) => (row.state === "ok" ? row.size : 0),
  snapshots: ({ row }) => (row.state === "ok" ? row.snapshots.length : 0),
  children: ({ childKeys }) => childKeys.length,
  depth: ({ depth }) => depth,
  created: ({ row }) => (row.state === "ok" ? (row.createdAt?.getTime() ?? -1) : -1),
};

/** What an image is sorted by before its name: bytes, a count, or milliseconds since 1970 (-1: not known). */
export function sortValue(node: ForestNode, by: SearchSort): number {
  return values[by](node);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** What an image is named by. */
export interface Named {
  name: string;
  spec: string;
  key: string;
}

/** By name the way people count (vm-2 before vm-10), then by spec, then by key: no two images are equal. */
export function compareNames(a: Named, b: Named): number {
  return collator.compare(a.name, b.name) || compareText(a.spec, b.spec) || compareText(a.key, b.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
