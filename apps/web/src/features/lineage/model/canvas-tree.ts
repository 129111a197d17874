import type { LineageNode } from "@coppice/server/router";
import type { Expanded } from "./expansion.ts";
import { ancestorsOf, childrenOf, type ForestIndex } from "./forest-index.ts";

/** When there are more siblings than this, a fold takes the place of the others. */
export const SIBLINGS_SHOWN = 25;
/** How many more siblings appear when a fold is opened. */
export const FOLD_STEP = 100;
/** The key that stands for the parent of the roots. */
export const ROOTS = "";

export interface CanvasImage {
  kind: "image";
  id: string;
  node: LineageNode;
  /** Whether its clones are shown; null when there are none. */
  expanded: boolean | null;
  children: (CanvasSnapshot | CanvasRest)[];
}

/** The snapshot from which the images to its right were cloned. */
interface CanvasSnapshot {
  kind: "snapshot";
  id: string;
  name: string;
  parentKey: string;
  children: CanvasImage[];
}

/** Takes the place of a snapshot before a fold, so that the fold is in the column of the clones. It is not rendered. */
export interface CanvasRest {
  kind: "rest";
  id: string;
  children: CanvasFold[];
}

/** A group of siblings that are not shown. */
export interface CanvasFold {
  kind: "fold";
  id: string;
  /** Key of the parent, or `ROOTS`. */
  parentKey: string;
  count: number;
  children: never[];
}

export type CanvasItem = CanvasImage | CanvasSnapshot | CanvasRest | CanvasFold;

interface CanvasOptions {
  expanded: Expanded;
  /** How many clones to show by the key of the parent, where it differs from `SIBLINGS_SHOWN`. */
  shown: ReadonlyMap<string, number>;
  /** Key of an image that is shown with its ancestors, even where a fold would contain it. */
  unfoldedFor: string | undefined;
}

/** The visible part of the forest: images, the snapshots between them, and folds. */
export function canvasTree(index: ForestIndex, options: CanvasOptions): (CanvasImage | CanvasFold)[] {
  const onPath = new Set(pathTo(index, options.unfoldedFor).map(({ key }) => key));

  const choose = (siblings: readonly LineageNode[], parentKey: string) => {
    const limit = options.shown.get(parentKey) ?? SIBLINGS_SHOWN;
    // A fold of one image would take as much space as the image.
    if (siblings.length <= limit + 1) return { shown: siblings, fold: undefined };
    const shown = siblings.filter((node, position) => position < limit || onPath.has(node.key));
    const fold: CanvasFold = {
      kind: "fold",
      id: `fold ${parentKey}`,
      parentKey,
      count: siblings.length - shown.length,
      children: [],
    };
    return { shown, fold };
  };

  const image = (node: LineageNode): CanvasImage => {
    const clones = childrenOf(index, node.key);
    const expanded = clones.length === 0 ? null : options.expanded.has(node.key);
    if (expanded !== true) return { kind: "image", id: node.key, node, expanded, children: [] };
    const { shown, fold } = choose(clones, node.key);
    const snapshots = bySnapshot(node, shown).map(
      ([name, members]): CanvasSnapshot => ({
        kind: "snapshot",
        id: `snapshot ${node.key}@${name}`,
        name,
        parentKey: node.key,
        children: members.map(image),
      }),
    );
    const rest: CanvasRest[] =
      fold === undefined ? [] : [{ kind: "rest", id: `rest ${node.key}`, children: [fold] }];
    return { kind: "image", id: node.key, node, expanded, children: [...snapshots, ...rest] };
  };

  const { shown, fold } = choose(familiesFirst(index), ROOTS);
  const trees = shown.map(image);
  return fold === undefined ? trees : [...trees, fold];
}

/** An image and its ancestors, root first; empty when the image does not exist. */
function pathTo(index: ForestIndex, key: string | undefined): LineageNode[] {
  const node = key === undefined ? undefined : index.byKey.get(key);
  return node === undefined ? [] : [...ancestorsOf(index, node.key), node];
}

/** Whether an image or one of its ancestors is in a fold. */
export function isFolded(index: ForestIndex, shown: CanvasOptions["shown"], key: string): boolean {
  return pathTo(index, key).some((node, depth) => {
    const parentKey = depth === 0 ? ROOTS : (node.parentKey ?? ROOTS);
    const siblings = depth === 0 ? familiesFirst(index) : childrenOf(index, parentKey);
    const limit = shown.get(parentKey) ?? SIBLINGS_SHOWN;
    return siblings.length > limit + 1 && siblings.indexOf(node) >= limit;
  });
}

/** The roots, those with clones first. */
function familiesFirst(index: ForestIndex): LineageNode[] {
  const hasClones = (node: LineageNode) => index.children.has(node.key);
  return [...index.roots.filter(hasClones), ...index.roots.filter((node) => !hasClones(node))];
}

/** The clones by the snapshot from which they were made, in the order of the snapshots of the parent. */
function bySnapshot(
  parent: LineageNode,
  clones: readonly LineageNode[],
): [name: string, clones: LineageNode[]][] {
  const groups = Map.groupBy(clones, (clone) => clone.parentSnapshot ?? "");
  const position = (name: string) => {
    const known = parent.snapshots.indexOf(name);
    return known < 0 ? parent.snapshots.length : known;
  };
  return [...groups].sort(([a], [b]) => position(a) - position(b));
}
