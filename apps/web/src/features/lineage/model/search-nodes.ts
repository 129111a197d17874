import type { LineageNode } from "@coppice/server/router";

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
