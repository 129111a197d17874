import type { LineageNode } from "@coppice/server/router";

/** A node in the test pool; its key is its name. */
export function node(name: string, parent: LineageNode | null = null, snapshot = "s"): LineageNode {
  return {
    key: name,
    spec: `rbd/${name}`,
    pool: "rbd",
    namespace: "",
    name,
    parentKey: parent?.key ?? null,
    parentSnapshot: parent === null ? null : snapshot,
    size: 2 ** 30,
    depth: parent === null ? 0 : parent.depth + 1,
    childCount: 0,
    descendantCount: 0,
    snapshots: [],
    inTrash: false,
    state: "ok",
    marks: [],
    operation: null,
  };
}

/** `root` with `count` clones `root-0`, `root-1`, …, all of one snapshot. */
export function family(root: LineageNode, count: number): LineageNode[] {
  return [root, ...Array.from({ length: count }, (_, index) => node(`${root.name}-${index}`, root))];
}
