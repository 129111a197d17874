import type { Catalog, CatalogRow } from "./catalog.ts";

/** The image called `name`: a key, or a spec, of which a living image comes before those in the trash. */
export function findImage(catalog: Catalog, name: string): CatalogRow | null {
  const node = catalog.search.find(name);
  return node === null ? null : (catalog.byKey.get(node.key) ?? null);
}
