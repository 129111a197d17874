import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { forest } from "../../../src/inventory/forest.ts";
import type { ImageRow, UnreadableImageRow } from "../../../src/inventory/rows.ts";
import { childOf, imageRow, inventoryOf, snapshotRow } from "../rows.ts";

const later = new Date("2026-04-01T00:00:00Z");
const inTrash = (name: string) => ({ name, deletedAt: later, deferredUntil: later, source: "user" as const });

function chain(length: number): ImageRow[] {
  const rows = [imageRow("i0")];
  for (let i = 1; i < length; i++) {
    rows.push(imageRow(`i${i}`, { parent: childOf(rows[i - 1] ?? imageRow("none")) }));
  }
  return rows;
}

describe("forest", () => {
  it("links parents and children over pools and namespaces", () => {
    const template = imageRow("debian-13", { pool: "images" });
    const vm = imageRow("vm-1", { pool: "vms", namespace: "tenant", parent: childOf(template) });
    const clone = imageRow("vm-1-copy", { pool: "vms", parent: childOf(vm, { snapshotName: "monday" }) });
    const { nodes, roots } = forest(inventoryOf([clone, vm, template]));
    expect(roots).toEqual(["images//debian-13"]);
    expect(nodes.get("images//debian-13")).toMatchObject({
      depth: 0,
      descendants: 2,
      childKeys: ["vms/tenant/vm-1"],
      parentState: "none",
      parentSnapshot: null,
      marks: [],
    });
    expect(nodes.get("vms//vm-1-copy")).toMatchObject({
      depth: 2,
      descendants: 0,
      parentKey: "vms/tenant/vm-1",
      parentSnapshot: "monday",
      parentState: "present",
    });
  });

  it("marks the first deep image of a line as the one to flatten", () => {
    const { nodes } = forest(inventoryOf(chain(7)));
    expect([...nodes.values()].map((node) => [node.depth, ...node.marks])).toEqual([
      [0],
      [1],
      [2],
      [3],
      [4, "deep", "flatten-candidate"],
      [5, "deep"],
      [6, "deep"],
    ]);
    const shallow = forest(inventoryOf(chain(7)), { deepFrom: 6 });
    expect(shallow.nodes.get("rbd//i5")?.marks).toEqual([]);
    expect(shallow.nodes.get("rbd//i6")?.marks).toEqual(["deep", "flatten-candidate"]);
  });

  it("tells a missing parent from one that was not looked for", () => {
    const gone = imageRow("gone");
    const elsewhere = imageRow("template", { pool: "images" });
    const orphan = imageRow("orphan", { parent: childOf(gone) });
    const outside = imageRow("outside", { parent: childOf(elsewhere) });
    const below = imageRow("below", { parent: childOf(orphan) });
    const { nodes, roots } = forest(inventoryOf([orphan, outside, below]));
    expect(nodes.get("rbd//orphan")).toMatchObject({ parentState: "missing", depth: 1, marks: ["orphan"] });
    expect(nodes.get("rbd//outside")).toMatchObject({ parentState: "not-scanned", depth: 1, marks: [] });
    expect(nodes.get("rbd//below")).toMatchObject({ parentState: "present", depth: 2 });
    expect(roots).toEqual(["rbd//orphan", "rbd//outside"]);
  });

  it("does not call an image an orphan when its parent's namespace could not be listed", () => {
    const inventory = inventoryOf([
      imageRow("clone", { parent: childOf(imageRow("p", { namespace: "ns" })) }),
    ]);
    inventory.pools[0]?.namespaces.push({
      name: "ns",
      images: 0,
      error: new CoppiceError({ code: "PERMISSION_DENIED", message: "no" }),
    });
    expect(forest(inventory).nodes.get("rbd//clone")).toMatchObject({
      parentState: "not-scanned",
      marks: [],
    });
  });

  it("marks what hangs on the trash, be it the image or only its snapshot", () => {
    const trashed = imageRow("old", { trash: inTrash("old") });
    const kept = imageRow("kept", { snapshots: [snapshotRow("x", { id: 9n, kind: "trash" })] });
    const a = imageRow("a", { parent: childOf(trashed) });
    const b = imageRow("b", { parent: childOf(kept, { snapshotId: 9n }) });
    const { nodes } = forest(inventoryOf([trashed, kept, a, b]));
    for (const key of ["rbd//a", "rbd//b"]) {
      expect(nodes.get(key)?.marks).toEqual(["flatten-candidate", "parent-in-trash"]);
    }
  });

  it("keeps unreadable images, with their clones under them", () => {
    const broken: UnreadableImageRow = {
      state: "unreadable",
      pool: "rbd",
      namespace: "",
      name: "broken",
      id: "b1",
      spec: "rbd/broken",
      trash: null,
      operation: null,
      error: new CoppiceError({ code: "IO", message: "no" }),
    };
    const nameless = { ...broken, id: null, name: "nameless" };
    const clone = imageRow("clone", { parent: childOf(imageRow("broken", { id: "b1" })) });
    const { nodes } = forest(inventoryOf([broken, nameless, clone]));
    expect(nodes.get("rbd//b1")?.childKeys).toEqual(["rbd//clone"]);
    expect(nodes.get("rbd//name:nameless")?.row.state).toBe("unreadable");
  });

  it("cuts a circle instead of walking it for ever", () => {
    const [a, b, c] = [imageRow("a"), imageRow("b"), imageRow("c")];
    a.parent = childOf(c);
    b.parent = childOf(a);
    c.parent = childOf(b);
    const { nodes, roots } = forest(inventoryOf([a, b, c]));
    expect(roots).toHaveLength(1);
    expect([...nodes.values()].map((node) => node.descendants).sort()).toEqual([0, 1, 2]);
  });

  it("agrees with counting by hand on any forest, in any order of rows", () => {
    const shapes = fc.array(fc.nat(), { maxLength: 60 }).chain((picks) => {
      const rows: ImageRow[] = [];
      picks.forEach((pick, i) => {
        const parent = i === 0 || pick % 3 === 0 ? undefined : rows[pick % i];
        rows.push(imageRow(`i${i}`, { parent: parent === undefined ? null : childOf(parent) }));
      });
      return fc.shuffledSubarray(rows, { minLength: rows.length });
    });
    fc.assert(
      fc.property(shapes, (rows) => {
        const { nodes, roots } = forest(inventoryOf(rows));
        const byId = new Map(rows.map((row) => [row.id, row]));
        const ancestors = (row: ImageRow): string[] => {
          const parent = row.parent === null ? undefined : byId.get(row.parent.imageId);
          return parent === undefined ? [] : [parent.id, ...ancestors(parent)];
        };
        expect(nodes.size).toBe(rows.length);
        for (const row of rows) {
          const node = nodes.get(`rbd//${row.id}`);
          expect(node?.depth).toBe(ancestors(row).length);
          expect(node?.descendants).toBe(rows.filter((other) => ancestors(other).includes(row.id)).length);
          expect(node?.childKeys).toEqual(
            rows
              .filter((other) => other.parent?.imageId === row.id)
              .map((other) => `rbd//${other.id}`)
              .sort(),
          );
        }
        expect(roots).toEqual(
          rows
            .filter((r) => r.parent === null)
            .map((r) => `rbd//${r.id}`)
            .sort(),
        );
      }),
    );
  });

  it("takes 10,000 images in one line without running out of stack", () => {
    const { nodes } = forest(inventoryOf(chain(10_000)));
    expect(nodes.get("rbd//i9999")?.depth).toBe(9_999);
    expect(nodes.get("rbd//i0")?.descendants).toBe(9_999);
  });
});
