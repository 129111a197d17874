import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forest, keyOf } from "../../../src/inventory/forest.ts";
import { searchProblems } from "../../../src/search/search.ts";
import { searchAllImages, searchImages } from "../../../src/search/search-images.ts";
import { prepareSearch } from "../../../src/search/search-index.ts";
import { childOf, imageRow, inventoryOf, snapshotRow } from "../rows.ts";
import { naiveSearch } from "./naive-search.ts";
import { allPages, filters, inventories, searchOf } from "./support.ts";

const keys = (nodes: readonly { key: string }[]) => nodes.map(({ key }) => key);

describe("a search", () => {
  it("finds what the plain sentences say, in their order, whatever the size of its pages", () => {
    fc.assert(
      fc.property(inventories, filters, (inventory, wishes) => {
        const search = searchOf(inventory, wishes);
        const expected = keys(naiveSearch(inventory, search));
        expect(keys(allPages(inventory, search))).toEqual(expected);
        expect(searchImages(inventory, search)).toMatchObject({
          total: inventory.rows.length,
          filtered: expected.length,
        });
      }),
      { numRuns: 1000 },
    );
  });

  it("gives all of 401 clones where no page is asked for", () => {
    const parent = imageRow("parent");
    const clones = Array.from({ length: 401 }, (_, n) => imageRow(`clone-${n}`, { parent: childOf(parent) }));
    const inventory = inventoryOf([parent, ...clones]);
    expect(searchAllImages(inventory, { kind: "clones" })).toHaveLength(401);
    expect(searchImages(inventory, { kind: "clones" })).toMatchObject({ filtered: 401 });
  });

  it("gives without pages what all pages give together", () => {
    fc.assert(
      fc.property(inventories, filters, (inventory, wishes) => {
        const { cursor: _, limit: __, ...search } = searchOf(inventory, wishes);
        expect(keys(searchAllImages(inventory, search))).toEqual(keys(allPages(inventory, search)));
      }),
      { numRuns: 200 },
    );
  });

  it("fills every page but the last, and says which is the last", () => {
    fc.assert(
      fc.property(inventories, filters, (inventory, wishes) => {
        const search = searchOf(inventory, wishes);
        const limit = search.limit ?? 100;
        let seen = 0;
        let cursor: string | undefined;
        do {
          const page = searchImages(inventory, { ...search, cursor });
          seen += page.rows.length;
          expect(page.rows.length).toBe(Math.min(limit, page.filtered - seen + page.rows.length));
          expect(page.nextCursor === null).toBe(seen === page.filtered);
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
      }),
      { numRuns: 200 },
    );
  });

  it("answers the same from an inventory, its forest, and what was prepared of either", () => {
    fc.assert(
      fc.property(inventories, filters, (inventory, wishes) => {
        const search = searchOf(inventory, wishes);
        const trees = forest(inventory);
        const expected = searchImages(inventory, search);
        expect(searchImages(trees, search)).toEqual(expected);
        expect(searchImages(prepareSearch(trees), search)).toEqual(expected);
        expect(searchImages(prepareSearch(inventory), search)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("shows an image that stays exactly once when others come and go between two pages", () => {
    fc.assert(
      fc.property(inventories, filters, fc.integer({ min: 2, max: 9 }), (inventory, wishes, step) => {
        // Children and depth of an image change with others: then it has moved, and may be seen again.
        fc.pre(wishes.sort?.by !== "children" && wishes.sort?.by !== "depth");
        const search = searchOf(inventory, {
          ...wishes,
          parentAt: undefined,
          kind: undefined,
          problem: undefined,
        });
        const first = searchImages(inventory, search);
        fc.pre(first.nextCursor !== null);
        const kept = inventory.rows.filter((_, at) => at % step !== 0);
        const later = inventoryOf([...kept, imageRow("vm-1-new"), imageRow("template-new")]);
        const rest = allPages(later, { ...search, cursor: first.nextCursor ?? undefined });
        const seen = keys([...first.rows, ...rest]);
        const stayed = new Set(kept.map(keyOf));
        for (const { key } of naiveSearch(inventory, search)) {
          if (stayed.has(key)) expect(seen.filter((each) => each === key)).toEqual([key]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("works an order of 10,000 images out once, when prepared", () => {
    const template = imageRow("template", { snapshots: [snapshotRow("base")] });
    const clones = Array.from({ length: 9_999 }, (_, at) =>
      imageRow(`vm-${at}`, { size: at % 7, parent: childOf(template) }),
    );
    const index = prepareSearch(inventoryOf([template, ...clones]));
    const search = { parent: "rbd/template", sort: { by: "size", dir: "desc" }, limit: 500 } as const;
    const found = allPages(index, search);
    expect(found.length).toBe(9_999);
    expect(index.ordered(search.sort)).toBe(index.ordered({ by: "size", dir: "desc" }));
  });
});

describe("names", () => {
  it("sort the way people count", () => {
    const few = inventoryOf(["vm-10", "vm-2", "VM-1", "a"].map((name) => imageRow(name)));
    expect(searchImages(few).rows.map(({ row }) => row.name)).toEqual(["a", "VM-1", "vm-2", "vm-10"]);
  });
});

describe("a parent", () => {
  const trash = { name: "t", deletedAt: new Date(0), deferredUntil: new Date(0), source: "user" } as const;
  const dead = imageRow("t", { id: "dead", trash });
  const alive = imageRow("t", { id: "alive" });
  const child = imageRow("child", { parent: childOf(alive) });
  const grandchild = imageRow("grandchild", { parent: childOf(child) });
  const ofDead = imageRow("of-dead", { parent: childOf(dead) });
  const scan = inventoryOf([dead, alive, child, grandchild, ofDead]);
  const names = (search: Parameters<typeof searchImages>[1]) =>
    searchImages(scan, search).rows.map(({ row }) => row.name);

  it("has direct clones, and everything below it when asked for", () => {
    expect(names({ parent: "rbd/t" })).toEqual(["child"]);
    expect(names({ parent: "rbd/t", descendants: true })).toEqual(["child", "grandchild"]);
    expect(names({ parent: "rbd/grandchild", descendants: true })).toEqual([]);
  });

  it("is the living one of those with its spec; a key says any of them", () => {
    expect(names({ parent: "rbd//alive" })).toEqual(["child"]);
    expect(names({ parent: "rbd//dead" })).toEqual(["of-dead"]);
  });

  it("that nobody scanned is not found", () => {
    const notFound = expect.objectContaining({ name: "CoppiceError", code: "NOT_FOUND", object: "rbd/none" });
    expect(() => names({ parent: "rbd/none" })).toThrow(notFound);
  });

  it("of damaged links that run in a circle has an end, and is not its own descendant", () => {
    const a = imageRow("a");
    const b = imageRow("b", { parent: childOf(a) });
    a.parent = childOf(b);
    const below = ["rbd/a", "rbd/b"].map((parent) =>
      keys(searchImages(inventoryOf([a, b]), { parent, descendants: true }).rows),
    );
    expect(below[0]).not.toContain("rbd//a");
    expect(below[1]).not.toContain("rbd//b");
  });
});

describe("problems", () => {
  it("each have a filter of their own, and an invalid object map is not among the kind `problems`", () => {
    const scan = inventoryOf([
      imageRow("ok"),
      imageRow("map", { flags: 1n }),
      imageRow("diff", { flags: 2n }),
    ]);
    const found = searchProblems.map((problem) => keys(searchImages(scan, { problem }).rows));
    expect(found).toEqual([[], [], [], [], [], ["rbd//diff", "rbd//map"]]);
    expect(searchImages(scan, { kind: "problems" }).filtered).toBe(0);
  });
});
