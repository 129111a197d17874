import type { LineageNode } from "@coppice/server/router";

/** The forest with indexes for fast access. */
export interface ForestIndex {
  /** Parents before their children, siblings by name. */
  nodes: readonly LineageNode[];
  byKey: ReadonlyMap<string, LineageNode>;
  /** Images whose parent is not among the nodes, by name. */
  roots: readonly LineageNode[];
  /** Clones by the key of the parent. Images without clones have no entry. */
  children: ReadonlyMap<string, readonly LineageNode[]>;
}

/** Indexes the forest. An image whose parent is not among the nodes, because it could not be found, is a root. */
export function indexForest(nodes: readonly LineageNode[]): ForestIndex {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const roots: LineageNode[] = [];
  const children = new Map<string, LineageNode[]>();
  for (const node of nodes) {
    if (node.parentKey === null || !byKey.has(node.parentKey)) {
      roots.push(node);
      continue;
    }
    const siblings = children.get(node.parentKey);
    if (siblings === undefined) children.set(node.parentKey, [node]);
    else siblings.push(node);
  }
  return { nodes, byKey, roots, children };
}

/** The clones of an image, sorted by name. */
export function childrenOf(index: ForestIndex, key: string): readonly LineageNode[] {
  return index.children.get(key) ?? [];
}

/** The ancestors of an image, from the root down to the parent. */
export function ancestorsOf(index: ForestIndex, key: string): LineageNode[] {
  const line: LineageNode[] = [];
  let node = index.byKey.get(key);
  while (node !== undefined && node.parentKey !== null) {
    node = index.byKey.get(node.parentKey);
    if (node === undefined || line.includes(node)) break; // a cycle would be a server error; stop instead of looping
    line.unshift(node);
  }
  return line;
}

/** The keys of an image and of all its descendants. */
export function subtreeOf(index: ForestIndex, key: string): Set<string> {
  const found = new Set<string>();
  const pending = [key];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    for (const child of childrenOf(index, next)) pending.push(child.key);
  }
  return found;
}

/** The image that a link refers to by key or by spec. Of several images with one spec, those in the trash come last. */
export function findNode(index: ForestIndex, ref: string): LineageNode | undefined {
  const byKey = index.byKey.get(ref);
  if (byKey !== undefined || ref === "") return byKey;
  const named = index.nodes.filter((node) => node.spec === ref);
  return named.find((node) => !node.inTrash) ?? named[0];
}

/** At most `limit` images whose spec contains every word of `text`. Names that begin with it come first. */
export function searchNodes(nodes: readonly LineageNode[], text: string, limit: number): LineageNode[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return [];
  const prefixMatches: LineageNode[] = [];
  const otherMatches: LineageNode[] = [];
  for (const node of nodes) {
    const spec = node.spec.toLowerCase();
    if (!words.every((word) => spec.includes(word))) continue;
    if (node.name.toLowerCase().startsWith(first)) prefixMatches.push(node);
    else otherMatches.push(node);
    if (prefixMatches.length === limit) break;
  }
  return [...prefixMatches, ...otherMatches].slice(0, limit);
}
