import * as fc from "fast-check";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { type ImageFeature, imageFeatures } from "../../../src/image/features.ts";
import { type ForestNode, forest } from "../../../src/inventory/forest.ts";
import type { ImageRow, Inventory, InventoryRow } from "../../../src/inventory/rows.ts";
import { type ImageSearch, searchKinds, searchProblems, searchSorts } from "../../../src/search/search.ts";
import { searchImages } from "../../../src/search/search-images.ts";
import type { SearchIndex } from "../../../src/search/search-index.ts";
import { childOf, imageRow, inventoryOf, snapshotRow } from "../rows.ts";

export const START = Date.parse("2026-01-01T00:00:00Z");
const HOUR = 3_600_000;
const features = Object.keys(imageFeatures) as ImageFeature[];
const trashEntry = {
  name: "x",
  deletedAt: new Date(START),
  deferredUntil: new Date(START),
  source: "user",
} as const;

/** Small numbers on purpose: many images tie, so that the second and third sort key count. */
const oneImage = fc.record({
  pool: fc.constantFrom("rbd", "vms"),
  namespace: fc.constantFrom("", "tenant"),
  name: fc.constantFrom("vm-1", "VM-1", "vm-2", "vm-10", "a", "template"),
  readable: fc.integer({ min: 0, max: 9 }).map((dice) => dice > 0),
  size: fc.integer({ min: 0, max: 4 }),
  features: fc.bigInt({ min: 0n, max: 127n }),
  flags: fc.constantFrom(0n, 0n, 1n, 2n, 3n),
  created: fc.option(fc.integer({ min: 0, max: 4 })),
  snapshots: fc.integer({ min: 0, max: 2 }),
  inTrash: fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
  /** Which of those before it is its parent; one that is not there makes an orphan. */
  parent: fc.option(fc.nat(60), { freq: 4 }),
});

/** Forests of every shape, several levels deep, with orphans, trash and unreadable images. */
export const inventories: fc.Arbitrary<Inventory> = fc.array(oneImage, { maxLength: 60 }).map((images) => {
  const rows: InventoryRow[] = [];
  const readable: ImageRow[] = [];
  images.forEach(({ readable: isReadable, created, snapshots, inTrash, parent, ...rest }, index) => {
    const trash = inTrash ? trashEntry : null;
    const above = parent === null ? undefined : (readable[parent] ?? imageRow("gone", { pool: "rbd" }));
    const row = imageRow(rest.name, {
      ...rest,
      id: `id${index}`,
      trash,
      createdAt: created === null ? null : new Date(START + created * HOUR),
      snapshots: Array.from({ length: snapshots }, (_, at) => snapshotRow(`s${at}`)),
      parent: above === undefined ? null : childOf(above),
    });
    if (isReadable) {
      readable.push(row);
      rows.push(row);
    } else {
      const { pool, namespace, name, id, spec, operation } = row;
      const error = new CoppiceError({ code: "IO", message: "it cannot be read" });
      rows.push({ state: "unreadable", pool, namespace, name, id, spec, operation, trash, error });
    }
  });
  return inventoryOf(rows);
});

export type Filters = Omit<ImageSearch, "parent" | "cursor"> & {
  /** Which image, counted around, and whether by its key. */
  parentAt?: { at: number; byKey: boolean } | undefined;
};

const range = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));

/** At most one or two filters in most searches: with all of them at once hardly anything would be found. */
function rarely<T>(filter: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: filter });
}

export const filters: fc.Arbitrary<Filters> = fc
  .record({
    text: rarely(fc.constantFrom("vm", "VM-1", "rbd 1", "tenant  vm", "", "nothing like it")),
    pool: rarely(fc.constantFrom("rbd", "vms", "absent")),
    namespace: rarely(fc.constantFrom("", "tenant")),
    kind: rarely(fc.constantFrom(...searchKinds)),
    feature: rarely(fc.constantFrom(...features)),
    sizes: rarely(range),
    ages: rarely(range),
    open: fc.constantFrom("none", "low", "high"),
    problem: rarely(fc.constantFrom(...searchProblems)),
    parentAt: rarely(fc.record({ at: fc.nat(), byKey: fc.boolean() })),
    descendants: fc.boolean(),
    sort: fc.record({ by: fc.constantFrom(...searchSorts), dir: fc.constantFrom("asc", "desc", undefined) }),
    limit: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ sizes, ages, open, descendants, ...rest }) => {
    const [minSize, maxSize] = sizes?.toSorted((a, b) => a - b) ?? [];
    const [from, to] = ages?.toSorted((a, b) => a - b) ?? [];
    return {
      ...rest,
      descendants: rest.parentAt === undefined ? undefined : descendants,
      minSize: open === "low" ? undefined : minSize,
      maxSize: open === "high" ? undefined : maxSize,
      createdAfter: from === undefined || open === "low" ? undefined : new Date(START + from * HOUR),
      createdBefore: to === undefined || open === "high" ? undefined : new Date(START + (to + 1) * HOUR),
    };
  });

/** The search of these filters on this inventory; its parent, if one is asked for, is an image that is there. */
export function searchOf(inventory: Inventory, { parentAt, ...rest }: Filters): ImageSearch {
  const nodes = [...forest(inventory).nodes.values()];
  const parent = parentAt === undefined ? undefined : nodes[parentAt.at % Math.max(nodes.length, 1)];
  if (parent === undefined) return { ...rest, descendants: undefined };
  return { ...rest, parent: parentAt?.byKey === true ? parent.key : parent.row.spec };
}

/** Every page from `cursor` on, one after the other. */
export function allPages(scan: Inventory | SearchIndex, search: ImageSearch): ForestNode[] {
  const rows: ForestNode[] = [];
  let { cursor } = search;
  do {
    const page = searchImages(scan, { ...search, cursor });
    rows.push(...page.rows);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return rows;
}
