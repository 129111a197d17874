import type { LineageNode } from "@coppice/server/router";

/** The forest, ready to be asked. */
export interface ForestIndex {
  /** Parents before their children, siblings by name. */
  nodes: readonly LineageNode[];
  byKey: ReadonlyMap<string, LineageNode>;
  /** By name: images without a parent among the nodes. */
  roots: readonly LineageNode[];
  /** By the parent's key; an image without clones is not in it. */
  children: ReadonlyMap<string, readonly LineageNode[]>;
}

/** Files every image under its parent. One whose parent is not among the nodes (in another cluster, gone) is a root. */
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

/** The clones of an image, by name. */
export function childrenOf(index: ForestIndex, key: string): readonly LineageNode[] {
  return index.children.get(key) ?? [];
}

/** From the root down to the parent. */
export function ancestorsOf(index: ForestIndex, key: string): LineageNode[] {
  const line: LineageNode[] = [];
  let node = index.byKey.get(key);
  while (node !== undefined && node.parentKey !== null) {
    node = index.byKey.get(node.parentKey);
    if (node === undefined || line.includes(node)) break; // a circle can only be a server's mistake: show, not hang
    line.unshift(node);
  }
  return line;
}

/** The image itself and all below it. */
export function subtreeOf(index: ForestIndex, key: string): Set<string> {
  const found = new Set<string>();
  const waiting = [key];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    for (const child of childrenOf(index, next)) waiting.push(child.key);
  }
  return found;
}

/** The image that a link means: by key, or by spec; of several with one spec the one that is not in trash. */
export function findNode(index: ForestIndex, ref: string): LineageNode | undefined {
  const byKey = index.byKey.get(ref);
  if (byKey !== undefined || ref === "") return byKey;
  const named = index.nodes.filter((node) => node.spec === ref);
  return named.find((node) => !node.inTrash) ?? named[0];
}

/** Images whose spec has every word of the text in it; those whose name begins with it first. At most `limit`. */
export function searchNodes(nodes: readonly LineageNode[], text: string, limit: number): LineageNode[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return [];
  const better: LineageNode[] = [];
  const good: LineageNode[] = [];
  for (const node of nodes) {
    const spec = node.spec.toLowerCase();
    if (!words.every((word) => spec.includes(word))) continue;
    if (node.name.toLowerCase().startsWith(first)) better.push(node);
    else good.push(node);
    if (better.length === limit) break;
  }
  return [...better, ...good].slice(0, limit);
}
