import { hierarchy, tree } from "d3-hierarchy";
import type { CanvasFold, CanvasImage, CanvasItem, CanvasRest } from "./canvas-tree.ts";

/** The sizes of the items on the canvas, in pixels at zoom 1. They do not depend on the content. */
export const CARD = { width: 216, height: 52 } as const;
const CHIP = { width: 132, height: 22 } as const;
const FOLD = { width: 132, height: 28 } as const;

const ROW = CARD.height + 12;
/** From the right edge of a card to the left edge of the next one, with the chip of the snapshot in between. */
const GAP = CHIP.width + 2 * 36;
const COLUMN = CARD.width + GAP;
const BETWEEN_TREES = 28;

type DrawnItem = Exclude<CanvasItem, CanvasRest>;

export interface Placed {
  item: DrawnItem;
  /** The upper left corner. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** The column, 0 for roots. The chip of a snapshot has the column of its image. */
  depth: number;
}

interface Link {
  id: string;
  source: string;
  target: string;
}

export interface CanvasLayout {
  placed: Placed[];
  links: Link[];
}

/**
 * Lays out the visible trees from left to right, one below the other, so that trees do not overlap. The run time depends
 * on the number of visible items, not on the size of the forest.
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

/** The size and column of an item. Images and folds are on the even levels of the hierarchy, chips between them. */
function box(item: DrawnItem, level: number) {
  const depth = Math.floor(level / 2);
  const column = depth * COLUMN;
  if (item.kind === "image") return { ...CARD, depth, left: column };
  if (item.kind === "fold") return { ...FOLD, depth, left: column };
  return { ...CHIP, depth, left: column + CARD.width + (GAP - CHIP.width) / 2 };
}

export type Direction = "left" | "right" | "up" | "down";

/** Whether the cursor can be on an item. It skips the chips of snapshots. */
export function canHaveCursor({ item }: Placed): boolean {
  return item.kind !== "snapshot";
}

/** The item to which the cursor moves from `id`; undefined for none. Up and down continue in the next family. */
export function walk({ placed, links }: CanvasLayout, id: string, direction: Direction): string | undefined {
  const byId = new Map(placed.map((each) => [each.item.id, each]));
  const here = byId.get(id);
  if (here === undefined) return undefined;

  if (direction === "left") {
    let above = links.find((link) => link.target === id)?.source;
    while (above !== undefined && byId.get(above)?.item.kind === "snapshot") {
      const chip = above;
      above = links.find((link) => link.target === chip)?.source;
    }
    return above;
  }
  const beside = direction === "right" ? here.depth + 1 : here.depth;
  const candidates = placed.filter((each) => canHaveCursor(each) && each.depth === beside);
  if (direction === "right") {
    const below = new Set(descendants(here));
    return nearest(
      candidates.filter(({ item }) => below.has(item.id)),
      here,
    )?.item.id;
  }
  const middle = centre(here);
  const onward = candidates.filter((each) =>
    direction === "down" ? centre(each) > middle : centre(each) < middle,
  );
  return nearest(onward, here)?.item.id;
}

function descendants({ item }: Placed): string[] {
  return item.children.flatMap((child) => [child.id, ...child.children.map(({ id }) => id)]);
}

function centre({ y, height }: Placed): number {
  return y + height / 2;
}

function nearest(candidates: readonly Placed[], to: Placed): Placed | undefined {
  const middle = centre(to);
  let best: Placed | undefined;
  for (const each of candidates) {
    if (best === undefined || Math.abs(centre(each) - middle) < Math.abs(centre(best) - middle)) best = each;
  }
  return best;
}

/**
 * The items on the canvas that belong to `line`, a set of images: the images themselves, the snapshots between them, and
 * the folds of the images in `below`, which are the image at the pointer and its descendants.
 */
export function highlightedItems(
  { placed }: CanvasLayout,
  line: ReadonlySet<string>,
  below: ReadonlySet<string>,
): Set<string> {
  const highlighted = new Set<string>();
  for (const { item } of placed) {
    const isHighlighted =
      item.kind === "image"
        ? line.has(item.id)
        : item.kind === "snapshot"
          ? line.has(item.parentKey) && item.children.some((child) => line.has(child.id))
          : below.has(item.parentKey);
    if (isHighlighted) highlighted.add(item.id);
  }
  return highlighted;
}

/** An SVG path from left to right with a vertical segment in the middle and rounded corners. */
export function elbow(fromX: number, fromY: number, toX: number, toY: number, radius: number): string {
  const down = toY - fromY;
  if (Math.abs(down) < 1) return `M${fromX},${fromY}H${toX}`;
  const middle = (fromX + toX) / 2;
  const round = Math.min(radius, Math.abs(down) / 2, Math.abs(toX - fromX) / 2);
  const turn = down > 0 ? round : -round;
  return [
    `M${fromX},${fromY}`,
    `H${middle - round}`,
    `Q${middle},${fromY} ${middle},${fromY + turn}`,
    `V${toY - turn}`,
    `Q${middle},${toY} ${middle + round},${toY}`,
    `H${toX}`,
  ].join("");
}
