import { describe, expect, test } from "vitest";
import {
  type CanvasItem,
  canvasTree,
  isFolded,
  ROOTS,
  SIBLINGS_SHOWN,
} from "#features/lineage/model/canvas-tree.ts";
import { type ForestIndex, indexForest } from "#features/lineage/model/forest-index.ts";
import {
  CARD,
  elbow,
  highlightedItems,
  layoutCanvas,
  type Placed,
  walk,
} from "#features/lineage/model/layout.ts";
import { family, node } from "./forest.ts";

const base = { ...node("base"), snapshots: ["old", "new"] };
const a = node("a", base, "new");
const b = node("b", base, "old");
const c = node("c", a);
const small = indexForest([base, a, c, b]);

function draw(
  index: ForestIndex,
  options: { unfoldedFor?: string; shown?: ReadonlyMap<string, number>; closed?: string[] } = {},
) {
  const expanded = new Set(index.children.keys());
  for (const key of options.closed ?? []) expanded.delete(key);
  return canvasTree(index, { expanded, shown: options.shown ?? new Map(), unfoldedFor: options.unfoldedFor });
}

describe("canvasTree", () => {
  test("clones are grouped by snapshot, in the order of the snapshots of the parent", () => {
    const [root] = draw(small);
    expect(
      root?.children.map(
        (child) => child.kind === "snapshot" && [child.name, child.children.map(({ id }) => id)],
      ),
    ).toEqual([
      ["old", ["b"]],
      ["new", ["a"]],
    ]);
  });

  test("a collapsed image has no children on the canvas", () => {
    const [root] = draw(small, { closed: ["base"] });
    expect(root).toMatchObject({ kind: "image", expanded: false, children: [] });
  });

  test("siblings over the limit become one fold that counts them", () => {
    const large = indexForest(family(base, 40));
    const [root] = draw(large);
    expect(root?.children.at(-1)?.children[0]).toMatchObject({ kind: "fold", count: 40 - SIBLINGS_SHOWN });
    expect(count(draw(large), "image")).toBe(1 + SIBLINGS_SHOWN);
  });

  test("a fold never stands for a single image", () => {
    expect(count(draw(indexForest(family(base, SIBLINGS_SHOWN + 1))), "fold")).toBe(0);
  });

  test("the selected image is never in a fold", () => {
    const [root] = draw(indexForest(family(base, 40)), { unfoldedFor: "base-39" });
    const shown = root?.children.flatMap((child) => child.children.map(({ id }) => id)) ?? [];
    expect(shown).toContain("base-39");
    expect(root?.children.at(-1)?.children[0]).toMatchObject({
      kind: "fold",
      count: 40 - SIBLINGS_SHOWN - 1,
    });
  });

  test("an image is in a fold when it or one of its ancestors is", () => {
    const index = indexForest([...family(base, 40), node("deep", node("base-39", base))]);
    expect(isFolded(index, new Map(), "base-1")).toBe(false);
    expect(isFolded(index, new Map(), "base-39")).toBe(true);
    expect(isFolded(index, new Map(), "deep")).toBe(true);
    expect(isFolded(index, new Map([["base", 125]]), "deep")).toBe(false);
    expect(isFolded(index, new Map(), "gone")).toBe(false);
  });

  test("a fold can be opened", () => {
    expect(count(draw(indexForest(family(base, 40)), { shown: new Map([["base", 125]]) }), "fold")).toBe(0);
  });

  test("roots with clones come first, and there can be a fold of roots", () => {
    const lonely = Array.from({ length: 40 }, (_, index) => node(`lonely-${index}`));
    const trees = draw(indexForest([...lonely, base, a]));
    expect(trees[0]?.id).toBe("base");
    expect(trees.at(-1)).toMatchObject({ kind: "fold", parentKey: ROOTS, count: 41 - SIBLINGS_SHOWN });
  });
});

describe("layoutCanvas", () => {
  test("nothing overlaps", () => {
    const roots = [base, node("other")];
    const { placed } = layoutCanvas(draw(indexForest([...family(base, 30), ...family(roots[1] ?? base, 3)])));
    expect(overlaps(placed)).toEqual([]);
  });

  test("clones are right of their parent, with the snapshot in between", () => {
    const at = positions(layoutCanvas(draw(small)).placed);
    const right = (at.get("base")?.x ?? 0) + CARD.width;
    expect(at.get("snapshot base@new")?.x).toBeGreaterThan(right);
    expect(at.get("a")?.x).toBeGreaterThan(at.get("snapshot base@new")?.x ?? 0);
    expect(at.get("c")?.depth).toBe(2);
  });

  test("every item except the roots has a link to its parent", () => {
    const { placed, links } = layoutCanvas(draw(small));
    expect(links).toHaveLength(placed.length - 1);
  });

  test("3,000 visible images are not laid out in quadratic time", () => {
    const roots = Array.from({ length: 120 }, (_, index) => node(`r${String(index).padStart(3, "0")}`));
    const index = indexForest(roots.flatMap((root) => family(root, 24)));
    const trees = draw(index, { shown: new Map([[ROOTS, 1000]]) });
    layoutCanvas(trees);
    const began = performance.now();
    expect(layoutCanvas(trees).placed.length).toBeGreaterThan(3_000);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe("walk", () => {
  const layout = layoutCanvas(draw(small));
  test("left to the parent, past the snapshot", () => expect(walk(layout, "c", "left")).toBe("a"));
  test("right to a clone", () => expect(walk(layout, "a", "right")).toBe("c"));
  test("up and down among siblings", () => {
    expect(walk(layout, "b", "down")).toBe("a");
    expect(walk(layout, "a", "up")).toBe("b");
  });
  test("stops at the last item", () => {
    expect(walk(layout, "base", "left")).toBeUndefined();
    expect(walk(layout, "c", "right")).toBeUndefined();
    expect(walk(layout, "b", "up")).toBeUndefined();
  });
  test("down continues in the next family and reaches a fold", () => {
    const many = layoutCanvas(draw(indexForest(family(base, 40))));
    expect(walk(many, `base-${SIBLINGS_SHOWN - 1}`, "down")).toBe("fold base");
    expect(walk(many, "fold base", "left")).toBe("base");
    const two = layoutCanvas(draw(indexForest([...family(node("x"), 1), ...family(node("y"), 1)])));
    expect(walk(two, "x-0", "down")).toBe("y-0");
  });
});

function positions(placed: readonly Placed[]): Map<string, Placed> {
  return new Map(placed.map((each) => [each.item.id, each]));
}

function count(items: readonly CanvasItem[], kind: CanvasItem["kind"]): number {
  return items.reduce((sum, item) => sum + (item.kind === kind ? 1 : 0) + count(item.children, kind), 0);
}

function overlaps(placed: readonly Placed[]): string[] {
  return placed.flatMap((one, index) =>
    placed
      .slice(index + 1)
      .filter(
        (two) =>
          one.x < two.x + two.width &&
          two.x < one.x + one.width &&
          one.y < two.y + two.height &&
          two.y < one.y + one.height,
      )
      .map((two) => `${one.item.id} ${two.item.id}`),
  );
}

describe("highlightedItems", () => {
  test("contains the line and its snapshots, and no siblings", () => {
    const layout = layoutCanvas(draw(small));
    const highlighted = highlightedItems(layout, new Set(["base", "a", "c"]), new Set(["a", "c"]));
    expect([...highlighted].sort()).toEqual(["a", "base", "c", "snapshot a@s", "snapshot base@new"]);
  });

  test("a fold is highlighted with the image whose clones it contains", () => {
    const layout = layoutCanvas(draw(indexForest(family(base, 40))));
    expect(highlightedItems(layout, new Set(["base"]), new Set(["base"]))).toContain("fold base");
    expect(highlightedItems(layout, new Set(["base", "base-1"]), new Set(["base-1"]))).not.toContain(
      "fold base",
    );
  });
});

describe("elbow", () => {
  test("is a straight line between points at the same height", () =>
    expect(elbow(0, 10, 40, 10, 8)).toBe("M0,10H40"));
  test("the radius never exceeds the available space", () => {
    expect(elbow(0, 0, 40, 6, 8)).toBe("M0,0H17Q20,0 20,3V3Q20,6 23,6H40");
  });
});
