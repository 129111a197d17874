import { type Forest, type ForestNode, forest as forestOf, type Inventory } from "../inventory/index.ts";
import { compareText } from "../names/index.ts";
import type { SearchSort } from "./search.ts";

/** An image, prepared for searches. */
export interface SearchEntry {
  node: ForestNode;
  name: string;
  spec: string;
  key: string;
  /** The spec in lower case, which `ImageSearch.text` is compared with. */
  text: string;
  /** The index among all images by name: comparing numbers is faster than comparing three texts. */
  rank: number;
}

/** A forest, prepared for searches by {@link prepareSearch}. Immutable. */
export class SearchIndex {
  readonly forest: Forest;
  /** Sorted by name in natural order (vm-2 before vm-10), then by spec, then by key. */
  readonly nodes: readonly ForestNode[];
  readonly #byName: readonly SearchEntry[];
  /** Filled on first use of each order. */
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

  /** All images in this order. Equal ones are sorted by name, in the same direction. */
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
   * Finds an image by its key or its spec. Images in the trash may have the same spec as other images: then the image that
   * is not in the trash is returned.
   */
  find(name: string): ForestNode | null {
    const byKey = this.forest.nodes.get(name);
    if (byKey !== undefined) return byKey;
    const named = this.nodes.filter(({ row }) => row.spec === name);
    return named.find(({ row }) => row.trash === null) ?? named[0] ?? null;
  }
}

/** Prepares an inventory or its forest for many searches with `searchImages`: the images are sorted only once. Pure. */
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

/** The number that an image is sorted by, before its name: bytes, a count, or ms since the epoch (-1: unknown). */
export function sortValue(node: ForestNode, by: SearchSort): number {
  return values[by](node);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** The fields that define the order of images by name. */
export interface Named {
  name: string;
  spec: string;
  key: string;
}

/** Compares by name in natural order (vm-2 before vm-10), then by spec, then by key, so that no two images are equal. */
export function compareNames(a: Named, b: Named): number {
  return collator.compare(a.name, b.name) || compareText(a.spec, b.spec) || compareText(a.key, b.key);
}
