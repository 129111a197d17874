import { CoppiceError } from "../errors/coppice-error.ts";
import type { Forest, ForestNode } from "../inventory/forest-types.ts";
import type { SearchIndex } from "./search-index.ts";

/** @throws {CoppiceError} `NOT_FOUND` when no image of the forest has this spec or key. */
export function findParent(index: SearchIndex, parent: string): ForestNode {
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
export function keysBelow(forest: Forest, { childKeys }: ForestNode): Set<string> {
  const below = new Set<string>();
  const waiting = [...childKeys];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    below.add(key);
    for (const child of forest.nodes.get(key)?.childKeys ?? []) waiting.push(child);
  }
  return below;
}
