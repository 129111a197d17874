import { forest } from "rbd-core";
import { expect, test } from "vitest";
import { buildCatalog } from "../../src/inventory/catalog.ts";
import { lineage } from "../../src/inventory/lineage.ts";
import { bigInventory, cloneOf, imageRow, inventoryOf, snapshotRow } from "../support/synthetic-inventory.ts";

test("10,000 images: each once, parents before their children, siblings by name", () => {
  const inventory = bigInventory(10_000);
  const catalog = buildCatalog("ceph", inventory, forest(inventory));
  const { nodes } = lineage(catalog);
  expect(nodes.length).toBe(10_000);
  const rank = new Map(catalog.rows.map(({ view }, index) => [view.key, index]));
  const seen = new Set<string>();
  const last = new Map<string | null, number>();
  for (const { key, parentKey } of nodes) {
    expect(seen.has(key)).toBe(false);
    seen.add(key);
    if (parentKey !== null) expect(seen.has(parentKey)).toBe(true);
    expect(rank.get(key) ?? -1).toBeGreaterThan(last.get(parentKey) ?? -1);
    last.set(parentKey, rank.get(key) ?? -1);
  }
  expect(JSON.stringify(nodes).length).toBeLessThan(4 * 1024 ** 2);
});

test("a tree is listed depth first, with the snapshots made by people", () => {
  const snap = snapshotRow(1n, "gold");
  const hidden = snapshotRow(2n, "hidden", { kind: "trash" });
  const root = imageRow({ pool: "rbd", name: "root", snapshots: [snap, hidden] });
  const [b, a] = ["b", "a"].map((name) =>
    cloneOf(root, snap, imageRow({ pool: "rbd", name, snapshots: [snap] })),
  );
  if (a === undefined || b === undefined) throw new Error("two clones were made");
  const under = cloneOf(a, snap, imageRow({ pool: "rbd", name: "z" }));
  const inventory = inventoryOf([b, under, root, a]);
  const { nodes } = lineage(buildCatalog("ceph", inventory, forest(inventory)));
  expect(nodes.map(({ name, depth, parentSnapshot }) => [name, depth, parentSnapshot])).toEqual([
    ["root", 0, null],
    ["a", 1, "gold"],
    ["z", 2, "gold"],
    ["b", 1, "gold"],
  ]);
  expect(nodes[0]?.snapshots).toEqual(["gold"]);
});
