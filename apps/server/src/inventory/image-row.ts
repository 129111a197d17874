import { type Forest, type ForestNode, featureNames, type ParentLink, showImageSpec } from "rbd-core";
import { z } from "zod";
import { clusterId, rowError, rowErrorSchema } from "../api/schemas.ts";

/** What makes or changes an image at this moment, or was interrupted while it did. */
const operationMark = z.object({
  /** What was begun: `clone`, `copy`, …; null when that cannot be read. */
  kind: z.string().nullable(),
  /** `make` for everything that makes an image; `remove`, `flatten`, `rollback`, … */
  purpose: z.string(),
  state: z.enum(["running", "interrupted"]),
});

/** One line of the images table. An unreadable image has `error` and zeros in place of what could not be read. */
export const imageListRow = z.object({
  cluster: clusterId,
  /** `cluster/pool/namespace/id`: stays when the image is renamed. */
  key: z.string(),
  /** `pool/[namespace/]image`. */
  spec: z.string(),
  pool: z.string(),
  namespace: z.string(),
  name: z.string(),
  state: z.enum(["ok", "unreadable"]),
  error: rowErrorSchema.exactOptional(),
  /** Bytes. */
  size: z.number(),
  features: z.array(z.string()),
  snapshotCount: z.number(),
  childCount: z.number(),
  descendantCount: z.number(),
  /** Number of parents above it: 0 is a root. */
  depth: z.number(),
  parentSpec: z.string().nullable(),
  createdAt: z.string().nullable(),
  inTrash: z.boolean(),
  marks: z.array(z.string()),
  operation: operationMark.nullable(),
});

export type ImageListRow = z.output<typeof imageListRow>;

/** One image as the table shows it. */
export function listRow(cluster: string, node: ForestNode, forest: Forest): ImageListRow {
  const { row } = node;
  const shared = {
    cluster,
    key: imageKey(cluster, node.key),
    spec: row.spec,
    pool: row.pool,
    namespace: row.namespace,
    name: row.name,
    childCount: node.childKeys.length,
    descendantCount: node.descendants,
    depth: node.depth,
    inTrash: row.trash !== null,
    marks: [...node.marks],
    operation: markOf(row),
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

function markOf({ operation }: ForestNode["row"]): ImageListRow["operation"] {
  if (operation === null) return null;
  const { kind, purpose, state } = operation;
  return { kind, purpose, state };
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

/** The spec of the parent, taken from the link when the parent itself was not read. */
function parentSpec(node: ForestNode, link: ParentLink, forest: Forest): string {
  const parent = node.parentKey === null ? undefined : forest.nodes.get(node.parentKey);
  return (
    parent?.row.spec ??
    showImageSpec({ pool: link.poolName, namespace: link.namespace, image: link.imageName })
  );
}

/**
 * The key of an image in the API: `cluster/pool/namespace/id`. It stays when the image is renamed.
 *
 * @param key The SDK's key of the image within its cluster: `pool/namespace/id`.
 */
export function imageKey(cluster: string, key: string): string {
  return `${cluster}/${key}`;
}

/** Takes the cluster off a key of the API. An image spec, which has at most three parts, stays as it is. */
export function localName(cluster: string, name: string): string {
  const prefix = `${cluster}/`;
  return name.startsWith(prefix) && name.split("/").length === 4 ? name.slice(prefix.length) : name;
}
