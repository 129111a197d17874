import { hierarchy, tree } from "d3-hierarchy";
import type { CanvasFold, CanvasImage, CanvasItem, CanvasRest } from "./canvas-tree.ts";

/** Sizes of everything on the canvas, in pixels at zoom 1. They never depend on what is inside. */
export const CARD = { width: 216, height: 52 } as const;
export const CHIP = { width: 132, height: 22 } as const;
export const FOLD = { width: 132, height: 28 } as const;

const ROW = CARD.height + 12;
/** From the right edge of a card to the left edge of the next one, with the snapshot's chip in between. */
const GAP = CHIP.width + 2 * 36;
const COLUMN = CARD.width + GAP;
const BETWEEN_TREES = 28;

export type DrawnItem = Exclude<CanvasItem, CanvasRest>;

export interface Placed {
  item: DrawnItem;
  /** Upper left corner. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Column of images: 0 for roots. A chip has the one of the image it belongs to. */
  depth: number;
}

export interface Link {
  id: string;
  source: string;
  target: string;
}

export interface CanvasLayout {
  placed: Placed[];
  links: Link[];
}

/**
 * Places the visible trees from left to right, one under the other, so that no tree reaches into its neighbour. Only
 * what is open is laid out; the time it takes grows with what is shown, not with the forest.
 */
export function layoutCanvas(trees: readonly (CanvasImage | CanvasFold)[]): CanvasLayout {
  const placed: Placed[] = [];
  const links: Link[] = [];
  const place = tree<CanvasItem>()
    .nodeSize([ROW, 1])
    .separation((a, b) => (a.parent === b.parent ? 1 : 1.25));
  let top = 0;

  for (const root of trees) {
    const laid = place(hierarchy<CanvasItem>(root, ({ children }) => children));
    let highest = 0;
    let lowest = 0;
    laid.each(({ x }) => {
      highest = Math.min(highest, x);
      lowest = Math.max(lowest, x);
    });
    laid.each(({ data: item, depth: level, x, parent }) => {
      if (item.kind === "rest") return;
      const { width, height, left, depth } = box(item, level);
      placed.push({ item, width, height, depth, x: left, y: top + x - highest + (CARD.height - height) / 2 });
      const from = parent?.data.kind === "rest" ? parent.parent : parent;
      if (from) links.push({ id: `${from.data.id} → ${item.id}`, source: from.data.id, target: item.id });
    });
    top += lowest - highest + CARD.height + BETWEEN_TREES;
  }
  return { placed, links };
}

/** Size and place of an item. Images and folds are in the even levels of the hierarchy, chips between them. */
function box(item: DrawnItem, level: number) {
  const depth = Math.floor(level / 2);
  const column = depth * COLUMN;
  if (item.kind === "image") return { ...CARD, depth, left: column };
  if (item.kind === "fold") return { ...FOLD, depth, left: column };
  return { ...CHIP, depth, left: column + CARD.width + (GAP - CHIP.width) / 2 };
}
