import { describe, expect, test } from "vitest";
import {
  AUTO,
  chosenKeys,
  EXPAND_ALL_UP_TO,
  type ExpansionChoice,
  flattenTree,
  withByHand,
  withFocus,
} from "#features/lineage/model/expansion.ts";
import {
  ancestorsOf,
  type ForestIndex,
  findNode,
  indexForest,
  searchNodes,
  subtreeOf,
} from "#features/lineage/model/forest-index.ts";
import { family, node } from "./forest.ts";

const base = node("base");
const vm1 = node("vm-1", base);
const vm2 = node("vm-2", base);
const vm1Test = node("vm-1-test", vm1);
const alone = node("alone");
const forest = indexForest([base, vm1, vm1Test, vm2, alone]);
const keys = (nodes: Iterable<{ key: string }>) => [...nodes].map(({ key }) => key);

describe("indexForest", () => {
  test("finds roots and children in order", () => {
    expect(keys(forest.roots)).toEqual(["base", "alone"]);
    expect(keys(forest.children.get("base") ?? [])).toEqual(["vm-1", "vm-2"]);
  });

  test("an image whose parent is not among the nodes is a root", () => {
    expect(keys(indexForest([{ ...vm1, parentKey: "gone" }]).roots)).toEqual(["vm-1"]);
  });

  test("ancestors come root first", () =>
    expect(keys(ancestorsOf(forest, "vm-1-test"))).toEqual(["base", "vm-1"]));

  test("two images that are each other's parent do not cause an endless loop", () => {
    const circle = indexForest([
      { ...vm1, parentKey: "vm-2" },
      { ...vm2, parentKey: "vm-1" },
    ]);
    expect(ancestorsOf(circle, "vm-1").length).toBeLessThan(3);
  });

  test("a subtree is the image and all its descendants", () => {
    expect([...subtreeOf(forest, "vm-1")].sort()).toEqual(["vm-1", "vm-1-test"]);
  });

  test("finds by key or spec; images in the trash come last", () => {
    const dead = { ...node("x"), key: "dead", inTrash: true };
    const living = { ...node("x"), key: "living" };
    const both = indexForest([dead, living]);
    expect(findNode(both, "rbd/x")?.key).toBe("living");
    expect(findNode(both, "dead")?.key).toBe("dead");
    expect(findNode(both, "")).toBeUndefined();
  });
});

describe("expansion", () => {
  const large = indexForest([...forest.nodes, ...family(node("big"), EXPAND_ALL_UP_TO)]);
  const open = (index: ForestIndex, choice: ExpansionChoice, focusKey: string | undefined) =>
    [...withFocus(index, chosenKeys(index, choice), focusKey)].sort();

  test("a small forest is expanded; of a large one only the path to the selected image is", () => {
    expect(open(forest, AUTO, undefined)).toEqual(["base", "vm-1"]);
    expect(open(large, AUTO, undefined)).toEqual([]);
    expect(open(large, AUTO, "vm-1-test")).toEqual(["base", "vm-1"]);
  });

  test("the choice of the user overrides the rule", () => {
    expect(open(large, withByHand(AUTO, [base], true), undefined)).toEqual(["base"]);
    expect(open(forest, withByHand(AUTO, [base], false), undefined)).toEqual(["vm-1"]);
  });

  test("the selected image is always visible", () => {
    expect(open(forest, withByHand(AUTO, [base], false), "vm-2")).toEqual(["base", "vm-1"]);
  });

  test("selecting a visible image changes nothing", () => {
    const chosen = chosenKeys(forest, AUTO);
    expect(withFocus(forest, chosen, "vm-1-test")).toBe(chosen);
  });

  test("all and none", () => {
    expect(open(large, { ...AUTO, rule: "all" }, undefined)).toEqual(["base", "big", "vm-1"]);
    expect(open(forest, { ...AUTO, rule: "none" }, undefined)).toEqual([]);
  });

  test("a choice that changes nothing is the same choice", () => {
    const chosen = withByHand(AUTO, [base], true);
    expect(withByHand(chosen, [base], true)).toBe(chosen);
  });
});

describe("flattenTree", () => {
  test("contains the visible images with level and position among siblings", () => {
    const rows = flattenTree(forest, new Set(["base"]));
    expect(
      rows.map(({ node: { key }, level, posInSet, setSize, expanded }) => [
        key,
        level,
        posInSet,
        setSize,
        expanded,
      ]),
    ).toEqual([
      ["base", 1, 1, 2, true],
      ["vm-1", 2, 1, 2, false],
      ["vm-2", 2, 2, 2, null],
      ["alone", 1, 2, 2, null],
    ]);
  });

  test("rows have the index of their parent", () => {
    const rows = flattenTree(forest, new Set(["base", "vm-1"]));
    expect(rows.map(({ parentIndex }) => parentIndex)).toEqual([-1, 0, 1, 0, -1]);
  });

  test("10,000 visible images do not take quadratic time", () => {
    const roots = Array.from({ length: 100 }, (_, index) => node(`r${index}`));
    const large = indexForest(roots.flatMap((root) => family(root, 99)));
    const began = performance.now();
    expect(flattenTree(large, new Set(large.children.keys()))).toHaveLength(10_000);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe("searchNodes", () => {
  test("every word must occur in the spec; names that begin with it come first", () => {
    expect(keys(searchNodes(forest.nodes, "vm 1", 10))).toEqual(["vm-1", "vm-1-test"]);
    expect(keys(searchNodes([node("my-alone"), alone], "alone", 10))).toEqual(["alone", "my-alone"]);
  });
  test("an empty text finds nothing", () => expect(searchNodes(forest.nodes, "  ", 10)).toEqual([]));
  test("stops at the limit", () => expect(searchNodes(forest.nodes, "rbd", 2)).toHaveLength(2));
});
