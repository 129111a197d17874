import type { Catalog, CatalogRow } from "./catalog.ts";

/**
 * The image called `name`: a key, or a spec. An image in the trash may share its spec with a living one and with
 * others in the trash; the living one is meant, and a key says any of them exactly.
 */
export function findImage(catalog: Catalog, name: string): CatalogRow | null {
  const byKey = catalog.byKey.get(name);
  if (byKey !== undefined) return byKey;
  const named = catalog.rows.filter(({ view }) => view.spec === name);
  return named.find(({ view }) => !view.inTrash) ?? named[0] ?? null;
}
