import type { LineageForest, LineageNode } from "../procedures/lineage/forest.schema.ts";
import type { Catalog, CatalogRow } from "./catalog.ts";

/** The whole forest as one array: parents before their children, siblings by name. */
export function lineage(catalog: Catalog): LineageForest {
  // Rows are already by name: filing them under their parents one after another keeps siblings in order.
  const children = new Map<string | null, CatalogRow[]>();
  for (const row of catalog.rows) {
    const { parentKey } = row.node;
    const siblings = children.get(parentKey);
    if (siblings === undefined) children.set(parentKey, [row]);
    else siblings.push(row);
  }
  const nodes: LineageNode[] = [];
  const waiting = [...(children.get(null) ?? [])].reverse();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    nodes.push(lineageNode(row));
    waiting.push(...(children.get(row.view.key) ?? []).toReversed());
  }
  return { scannedAt: catalog.scannedAt, nodes };
}

function lineageNode({ view, node }: CatalogRow): LineageNode {
  const { key, spec, pool, namespace, name, size, depth, childCount, descendantCount } = view;
  const { inTrash, state, marks } = view;
  const snapshots = node.row.state === "ok" ? node.row.snapshots : [];
  return {
    key,
    spec,
    pool,
    namespace,
    name,
    parentKey: node.parentKey,
    parentSnapshot: node.parentSnapshot,
    size,
    depth,
    childCount,
    descendantCount,
    snapshots: snapshots.filter(({ kind }) => kind === "user").map((snapshot) => snapshot.name),
    inTrash,
    state,
    marks,
  };
}
