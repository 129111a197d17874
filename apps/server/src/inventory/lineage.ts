import { z } from "zod";
import { clusterId } from "../api/schemas.ts";
import type { Catalog, CatalogRow } from "./catalog.ts";
import { imageKey, imageListRow } from "./image-row.ts";

/** One image in the forest of clones. */
const lineageNodeSchema = imageListRow
  .pick({
    key: true,
    spec: true,
    pool: true,
    namespace: true,
    name: true,
    size: true,
    depth: true,
    childCount: true,
    descendantCount: true,
    inTrash: true,
    state: true,
    marks: true,
    operation: true,
  })
  .extend({
    parentKey: z.string().nullable(),
    parentSnapshot: z.string().nullable(),
    /** Names of the snapshots made by people, oldest first. */
    snapshots: z.array(z.string()),
  });

/** All trees of a cluster in one array: parents before their children, siblings by name. */
export const lineageForest = z.object({
  cluster: clusterId,
  scannedAt: z.string(),
  nodes: z.array(lineageNodeSchema),
});

export type LineageNode = z.output<typeof lineageNodeSchema>;
export type LineageForest = z.output<typeof lineageForest>;

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
    nodes.push(lineageNode(catalog.cluster, row));
    waiting.push(...(children.get(row.node.key) ?? []).toReversed());
  }
  return { cluster: catalog.cluster, scannedAt: catalog.scannedAt, nodes };
}

function lineageNode(cluster: string, { view, node }: CatalogRow): LineageNode {
  const { key, spec, pool, namespace, name, size, depth, childCount, descendantCount } = view;
  const { inTrash, state, marks, operation } = view;
  const snapshots = node.row.state === "ok" ? node.row.snapshots : [];
  return {
    key,
    spec,
    pool,
    namespace,
    name,
    parentKey: node.parentKey === null ? null : imageKey(cluster, node.parentKey),
    parentSnapshot: node.parentSnapshot,
    size,
    depth,
    childCount,
    descendantCount,
    snapshots: snapshots.filter(({ kind }) => kind === "user").map((snapshot) => snapshot.name),
    inTrash,
    state,
    marks,
    operation,
  };
}
