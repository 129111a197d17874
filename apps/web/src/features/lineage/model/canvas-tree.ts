import type { LineageNode } from "@coppice/server/router";
import type { Expanded } from "./expansion.ts";
import { ancestorsOf, childrenOf, type ForestIndex } from "./forest-index.ts";

/** Of more siblings than this the rest is folded into one card. */
export const SIBLINGS_SHOWN = 25;
/** How many more appear when a fold is opened. */
export const FOLD_STEP = 100;
/** The place of the roots in `CanvasOptions.shown`. */
export const ROOTS = "";

export interface CanvasImage {
  kind: "image";
  id: string;
  node: LineageNode;
  /** Whether its clones are shown; null when it has none. */
  expanded: boolean | null;
  children: (CanvasSnapshot | CanvasRest)[];
}

/** The snapshot that the clones to its right hang on. */
export interface CanvasSnapshot {
  kind: "snapshot";
  id: string;
  name: string;
  parentKey: string;
  children: CanvasImage[];
}

/** Takes the place of a snapshot before a fold, so that the fold stands among the clones. It is not drawn. */
export interface CanvasRest {
  kind: "rest";
  id: string;
  children: CanvasFold[];
}

/** Siblings that are not shown. */
export interface CanvasFold {
  kind: "fold";
  id: string;
  /** Key of the parent, or `ROOTS`. */
  parentKey: string;
  count: number;
  children: never[];
}

export type CanvasItem = CanvasImage | CanvasSnapshot | CanvasRest | CanvasFold;

export interface CanvasOptions {
  expanded: Expanded;
  /** How many siblings to show under a parent, where it is not `SIBLINGS_SHOWN`. */
  shown: ReadonlyMap<string, number>;
  /** Shown, with all above it, even where it would be folded away. */
  unfoldedFor: string | undefined;
}

/** The open part of the forest as the canvas draws it: images, the snapshots between them, and folds. */
export function canvasTree(index: ForestIndex, options: CanvasOptions): (CanvasImage | CanvasFold)[] {
  const onPath = new Set(pathTo(index, options.unfoldedFor).map(({ key }) => key));

  const choose = (siblings: readonly LineageNode[], parentKey: string) => {
    const limit = options.shown.get(parentKey) ?? SIBLINGS_SHOWN;
    // One more card takes no more room than the fold would.
    if (siblings.length <= limit + 1) return { shown: siblings, fold: undefined };
    const shown = siblings.filter((node, place) => place < limit || onPath.has(node.key));
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

/** An image with all above it, root first; empty when there is none. */
function pathTo(index: ForestIndex, key: string | undefined): LineageNode[] {
  const node = key === undefined ? undefined : index.byKey.get(key);
  return node === undefined ? [] : [...ancestorsOf(index, node.key), node];
}

/** Whether an image, or one above it, would be folded away. */
export function isFolded(index: ForestIndex, shown: CanvasOptions["shown"], key: string): boolean {
  return pathTo(index, key).some((node, depth) => {
    const parentKey = depth === 0 ? ROOTS : (node.parentKey ?? ROOTS);
    const siblings = depth === 0 ? familiesFirst(index) : childrenOf(index, parentKey);
    const limit = shown.get(parentKey) ?? SIBLINGS_SHOWN;
    return siblings.length > limit + 1 && siblings.indexOf(node) >= limit;
  });
}

/** Roots with clones come before images that stand alone: the picture is about families. */
function familiesFirst(index: ForestIndex): LineageNode[] {
  const hasClones = (node: LineageNode) => index.children.has(node.key);
  return [...index.roots.filter(hasClones), ...index.roots.filter((node) => !hasClones(node))];
}

/** Clones by the snapshot they hang on, in the order in which the parent has its snapshots. */
function bySnapshot(
  parent: LineageNode,
  clones: readonly LineageNode[],
): [name: string, clones: LineageNode[]][] {
  const groups = Map.groupBy(clones, (clone) => clone.parentSnapshot ?? "");
  const place = (name: string) => {
    const known = parent.snapshots.indexOf(name);
    return known < 0 ? parent.snapshots.length : known;
  };
  return [...groups].sort(([a], [b]) => place(a) - place(b));
}
