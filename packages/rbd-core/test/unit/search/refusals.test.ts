import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageSearch } from "../../../src/search/search.ts";
import { searchImages } from "../../../src/search/search-images.ts";
import { childOf, imageRow, inventoryOf } from "../rows.ts";

const top = imageRow("top");
const scan = inventoryOf([
  top,
  ...Array.from({ length: 9 }, (_, at) => imageRow(`vm-${at}`, { parent: childOf(top) })),
]);
const invalid = expect.objectContaining({
  name: "CoppiceError",
  code: "INVALID_ARGUMENT",
  call: "searchImages",
  hint: expect.any(String),
});

describe("a cursor", () => {
  const first: ImageSearch = { limit: 3, parent: "rbd/top" };
  const cursor = searchImages(scan, first).nextCursor ?? "";

  it("goes on with another limit, and with the parent named by its key", () => {
    const rest = searchImages(scan, { parent: "rbd//top", limit: 9, cursor });
    expect(rest.rows.map(({ row }) => row.name)).toEqual(["vm-3", "vm-4", "vm-5", "vm-6", "vm-7", "vm-8"]);
    expect(rest.nextCursor).toBeNull();
  });

  it("stays good when its own image is gone", () => {
    const later = inventoryOf(scan.rows.filter(({ name }) => name !== "vm-2"));
    expect(searchImages(later, { ...first, cursor }).rows.map(({ row }) => row.name)).toEqual([
      "vm-3",
      "vm-4",
      "vm-5",
    ]);
  });

  it.each<[string, ImageSearch]>([
    ["text", { text: "vm" }],
    ["pool", { pool: "rbd" }],
    ["namespace", { namespace: "" }],
    ["kind", { kind: "clones" }],
    ["parent", { parent: undefined }],
    ["descendants", { descendants: true }],
    ["feature", { feature: "layering" }],
    ["minSize", { minSize: 1 }],
    ["maxSize", { maxSize: 1e9 }],
    ["createdAfter", { createdAfter: new Date(0) }],
    ["createdBefore", { createdBefore: new Date("2030-01-01") }],
    ["problem", { problem: "orphan" }],
    ["sort key", { sort: { by: "size" } }],
    ["direction", { sort: { by: "name", dir: "desc" } }],
  ])("of a search with another %s is refused", (_, other) => {
    expect(() => searchImages(scan, { ...first, ...other, cursor })).toThrow(invalid);
  });

  it("that is none is refused, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => Buffer.from(json).toString("base64url")),
          fc.nat(cursor.length - 1).map((at) => cursor.slice(0, at)),
          fc.constantFrom(`${cursor}=`, ` ${cursor}`, `${cursor}A`),
        ),
        (wrong) => {
          expect(() => searchImages(scan, { ...first, cursor: wrong })).toThrow(invalid);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("bad input", () => {
  it.each([
    { limit: 0 },
    { limit: 1.5 },
    { limit: Number.NaN },
    { minSize: -1 },
    { maxSize: Number.POSITIVE_INFINITY },
    { minSize: 2, maxSize: 1 },
    { createdAfter: new Date(Number.NaN) },
    { createdAfter: new Date(5), createdBefore: new Date(5) },
    { createdBefore: "2026-01-01" },
    { descendants: true },
    { feature: "toString" },
    { feature: "object map" },
    { kind: "clone" },
    { problem: "object map invalid" },
    { sort: { by: "age" } },
    { sort: { by: "name", dir: "up" } },
    { search: "vm-1" },
  ])("%o is refused, not ignored", (bad) => {
    expect(() => searchImages(scan, bad as unknown as ImageSearch)).toThrow(invalid);
  });

  it("is named in the message, with what to do", () => {
    const bad = () => searchImages(scan, { minSize: 2, maxSize: 1, descendants: true });
    expect(bad).toThrow(/minSize: above maxSize; descendants: .*requires parent.*Correct these filters/);
  });
});
