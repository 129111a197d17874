import * as fc from "fast-check";
import { forest } from "rbd-core";
import { describe, expect, test } from "vitest";
import { buildCatalog, type Catalog, findImage } from "../../src/inventory/catalog.ts";
import { type ImageListInput, imageListInput, listImages } from "../../src/inventory/image-list.ts";
import type { ImageListRow } from "../../src/inventory/image-row.ts";
import { bigInventory, imageRow, inventoryOf } from "../support/synthetic-inventory.ts";

const COUNT = 10_000;
const inventory = bigInventory(COUNT);
const catalog = buildCatalog("ceph", inventory, forest(inventory));

const BY = ["name", "size", "snapshots", "children", "depth", "created"] as const;
const queries = fc.record({
  search: fc.option(fc.constantFrom("disk", "TEMPLATE-1", "vms", "tenant disk", "99", "nothing like it"), {
    nil: undefined,
  }),
  pool: fc.option(fc.constantFrom("rbd", "vms", "absent"), { nil: undefined }),
  namespace: fc.option(fc.constantFrom("", "tenant"), { nil: undefined }),
  kind: fc.constantFrom("all", "roots", "clones", "trash", "problems"),
  sort: fc.record({ by: fc.constantFrom(...BY), dir: fc.constantFrom("asc", "desc") }),
  limit: fc.integer({ min: 50, max: 500 }),
});

function query(parts: Record<string, unknown>): ImageListInput {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return imageListInput.parse({ cluster: "ceph", ...Object.fromEntries(given) });
}

function allPages(input: ImageListInput, on = catalog): ImageListRow[] {
  const rows: ImageListRow[] = [];
  let cursor: string | null = null;
  do {
    const page = listImages(on, cursor === null ? input : { ...input, cursor });
    rows.push(...page.rows);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return rows;
}

const sortedBy = (row: ImageListRow, by: (typeof BY)[number]): number =>
  ({
    name: 0,
    size: row.size,
    snapshots: row.snapshotCount,
    children: row.childCount,
    depth: row.depth,
    created: row.createdAt === null ? -1 : Date.parse(row.createdAt),
  })[by];

describe(`a list of ${COUNT} images`, () => {
  test("its pages together hold exactly the matching images, each once", () => {
    fc.assert(
      fc.property(queries, (parts) => {
        const input = query(parts);
        const rows = allPages(input);
        const words = input.search?.toLowerCase().split(" ") ?? [];
        const expected = catalog.rows.filter(({ view, node }) => {
          if (input.pool !== undefined && view.pool !== input.pool) return false;
          if (input.namespace !== undefined && view.namespace !== input.namespace) return false;
          if (!words.every((word) => view.spec.toLowerCase().includes(word))) return false;
          if (input.kind === "roots") return view.state === "ok" && node.parentState === "none";
          if (input.kind === "clones") return node.parentState !== "none";
          if (input.kind === "trash") return view.inTrash;
          if (input.kind === "problems") {
            return view.state === "unreadable" || view.marks.some((mark) => mark !== "flatten-candidate");
          }
          return true;
        });
        expect(rows.length).toBe(expected.length);
        expect(new Set(rows.map(({ key }) => key))).toEqual(new Set(expected.map(({ view }) => view.key)));
        expect(listImages(catalog, input)).toMatchObject({ total: COUNT, filtered: expected.length });
      }),
      { numRuns: 25 },
    );
  });

  test("rows are in the requested order across pages", () => {
    fc.assert(
      fc.property(queries, (parts) => {
        const input = query(parts);
        const values = allPages(input).map((row) => sortedBy(row, input.sort.by));
        const turn = input.sort.dir === "asc" ? 1 : -1;
        for (let index = 1; index < values.length; index++) {
          expect(turn * ((values[index] ?? 0) - (values[index - 1] ?? 0))).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("descending order is the reverse of ascending order", () => {
    for (const by of BY) {
      const up = allPages(query({ sort: { by, dir: "asc" }, limit: 500 }));
      const down = allPages(query({ sort: { by, dir: "desc" }, limit: 500 }));
      expect(down).toEqual(up.toReversed());
    }
  });

  test("an unchanged image is on exactly one page when others appear or disappear between pages", () => {
    const few = bigInventory(1500);
    const before = buildCatalog("ceph", few, forest(few));
    fc.assert(
      fc.property(queries, fc.integer({ min: 2, max: 40 }), (parts, step) => {
        const input = { ...query({ ...parts, search: undefined }), limit: 100 };
        const first = listImages(before, input);
        fc.pre(first.nextCursor !== null);
        const kept = few.rows.filter((_, index) => index % step !== 0);
        const added = Array.from({ length: 50 }, (_, index) =>
          imageRow({ pool: "rbd", name: `disk-${index}-new` }),
        );
        const changed = inventoryOf([...kept, ...added]);
        const later = buildCatalog("ceph", changed, forest(changed));

        const rest = allPages({ ...input, cursor: first.nextCursor ?? "" }, later);
        const times = new Map<string, number>();
        for (const { key } of [...first.rows, ...rest]) times.set(key, (times.get(key) ?? 0) + 1);
        const listed = new Set(allPages({ ...input, limit: 500 }, later).map(({ key }) => key));
        for (const row of allPages({ ...input, limit: 500 }, before)) {
          if (!moved(row, later, input) && listed.has(row.key)) expect(times.get(row.key)).toBe(1);
        }
      }),
      { numRuns: 15 },
    );
  });
});

/** Whether the image sorts elsewhere now: then seeing it twice, or not at all, is right. */
function moved(row: ImageListRow, later: Catalog, { sort }: ImageListInput): boolean {
  const now = findImage(later, row.key)?.view;
  return now === undefined || sortedBy(row, sort.by) !== sortedBy(now, sort.by);
}

describe("the other filters", () => {
  const GIB = 1024 ** 3;
  const parent = catalog.rows.find(
    ({ view }) => view.childCount > 0 && view.descendantCount > view.childCount,
  );
  const { key, spec } = parent?.view ?? { key: "", spec: "" };
  const given = (parts: Record<string, unknown>) => allPages(query({ limit: 500, ...parts }));
  const those = (matches: (row: ImageListRow) => boolean) =>
    catalog.rows.map(({ view }) => view).filter(matches);
  const isOk = (row: ImageListRow) => row.state === "ok";

  test("take a parent by spec or key: its clones, or all below it", () => {
    const clones = catalog.rows
      .filter(({ node }) => node.parentKey === parent?.node.key)
      .map(({ view }) => view);
    expect(clones.length).toBeGreaterThan(0);
    expect(given({ parent: spec })).toEqual(clones);
    expect(given({ parent: key })).toEqual(clones);
    expect(given({ parent: key, descendants: true }).length).toBe(parent?.view.descendantCount);
    const unknown = expect.objectContaining({ code: "NOT_FOUND", object: "rbd/unknown" });
    expect(() => given({ parent: "rbd/unknown" })).toThrow(unknown);
  });

  test("take sizes, features, moments and problems", () => {
    expect(given({ minSize: 5 * GIB, maxSize: 9 * GIB })).toEqual(
      those((row) => isOk(row) && row.size >= 5 * GIB && row.size <= 9 * GIB),
    );
    expect(given({ maxSize: 0 })).toEqual(those((row) => isOk(row) && row.size === 0));
    expect(given({ feature: "layering" })).toEqual(those(isOk));
    expect(given({ feature: "journaling" })).toEqual([]);
    const [from, to] = ["2026-02-01T00:00:00Z", "2026-03-01T01:00:00+01:00"];
    expect(given({ createdAfter: from, createdBefore: to })).toEqual(
      those(({ createdAt }) => createdAt !== null && createdAt >= "2026-02-01" && createdAt < "2026-03-01"),
    );
    expect(given({ problem: "unreadable" })).toEqual(those((row) => !isOk(row)));
    for (const problem of ["deep", "flatten-candidate", "orphan", "parent-in-trash"]) {
      expect(given({ problem })).toEqual(those(({ marks }) => marks.includes(problem)));
    }
  });

  test("are refused when they are invalid, before the catalog is searched", () => {
    for (const bad of [
      { minSize: 2, maxSize: 1 },
      { minSize: -1 },
      { createdAfter: "yesterday" },
      { createdAfter: "2026-01-01T01:00:00+01:00", createdBefore: "2026-01-01T00:00:00Z" },
      { descendants: true },
      { feature: "toString" },
      { problem: "any" },
    ]) {
      expect(imageListInput.safeParse({ cluster: "ceph", ...bad }).success).toBe(false);
    }
  });

  test("are part of the cursor: it is refused with another filter", () => {
    const cursor = listImages(catalog, query({ limit: 10 })).nextCursor;
    const refused = expect.objectContaining({ code: "STALE_CURSOR" });
    expect(() => listImages(catalog, query({ minSize: 1, cursor }))).toThrow(refused);
  });
});

test("names sort the way people count", () => {
  const few = inventoryOf(["vm-10", "vm-2", "VM-1", "a"].map((name) => imageRow({ pool: "rbd", name })));
  const rows = allPages(query({}), buildCatalog("ceph", few, forest(few)));
  expect(rows.map(({ name }) => name)).toEqual(["a", "VM-1", "vm-2", "vm-10"]);
});

test("a cursor of another filter or sort, or a text that is not a cursor, is refused", () => {
  const { nextCursor } = listImages(catalog, query({ limit: 10 }));
  const cursor = nextCursor ?? "";
  const refused = expect.objectContaining({ code: "STALE_CURSOR" });
  expect(() => listImages(catalog, query({ limit: 10, cursor, pool: "rbd" }))).toThrow(refused);
  expect(() => listImages(catalog, query({ cursor, sort: { by: "size", dir: "asc" } }))).toThrow(refused);
  expect(() => listImages(catalog, query({ cursor: "{}" }))).toThrow(refused);
  expect(listImages(catalog, query({ limit: 20, cursor })).rows.length).toBe(20);
});

test("an empty cluster has an empty list", () => {
  const none = inventoryOf([]);
  expect(listImages(buildCatalog("ceph", none, forest(none)), query({}))).toMatchObject({
    rows: [],
    total: 0,
    filtered: 0,
    nextCursor: null,
  });
});
