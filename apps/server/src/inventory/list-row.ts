import { type Forest, type ForestNode, featureNames, type ParentLink, showImageSpec } from "rbd-core";
import { rowError } from "../errors/row-error.ts";
import type { ImageListRow } from "../procedures/images/list.schema.ts";

/** One image as the table shows it. */
export function listRow(node: ForestNode, forest: Forest): ImageListRow {
  const { row } = node;
  const shared = {
    key: node.key,
    spec: row.spec,
    pool: row.pool,
    namespace: row.namespace,
    name: row.name,
    childCount: node.childKeys.length,
    descendantCount: node.descendants,
    depth: node.depth,
    inTrash: row.trash !== null,
    marks: [...node.marks],
  };
  if (row.state === "unreadable") {
    return {
      ...shared,
      state: "unreadable",
      error: rowError(row.error),
      size: 0,
      features: [],
      snapshotCount: 0,
      parentSpec: null,
      createdAt: null,
    };
  }
  return {
    ...shared,
    state: "ok",
    size: row.size,
    features: namesOf(row.features),
    snapshotCount: row.snapshots.length,
    parentSpec: row.parent === null ? null : parentSpec(node, row.parent, forest),
    createdAt: row.createdAt?.toISOString() ?? null,
  };
}

/** Thousands of images share a handful of feature sets. */
const namesByBits = new Map<bigint, string[]>();

function namesOf(bits: bigint): string[] {
  const known = namesByBits.get(bits);
  if (known !== undefined) return known;
  const names = featureNames(bits);
  namesByBits.set(bits, names);
  return names;
}

/** The parent's spec; by the link alone when the parent itself was not read. */
function parentSpec(node: ForestNode, link: ParentLink, forest: Forest): string {
  const parent = node.parentKey === null ? undefined : forest.nodes.get(node.parentKey);
  return (
    parent?.row.spec ??
    showImageSpec({ pool: link.poolName, namespace: link.namespace, image: link.imageName })
  );
}
