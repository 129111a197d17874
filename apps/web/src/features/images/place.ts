import type { PoolInfo } from "@coppice/server/router";
import type { SelectOption } from "#components/ui/select.tsx";
import { formatCount } from "#lib/format/count.ts";

/** Reads a place filter: `pool` is all of the pool, `pool/` its default namespace, `pool/ns` that namespace. */
export function parseSpecPlace(place: string): { pool?: string; namespace?: string } {
  if (place === "") return {};
  const slash = place.indexOf("/");
  if (slash < 0) return { pool: place };
  return { pool: place.slice(0, slash), namespace: place.slice(slash + 1) };
}

/** All places one can filter by. */
export function placeOptions(pools: readonly PoolInfo[]): SelectOption[] {
  return [
    { value: "", label: "All pools" },
    ...pools.flatMap((pool) => [
      { value: pool.name, label: pool.name, note: formatCount(pool.images) },
      ...(pool.namespaces.length === 0 ? [] : [{ value: `${pool.name}/`, label: `${pool.name}/ (default)` }]),
      ...pool.namespaces.map((namespace) => ({
        value: `${pool.name}/${namespace}`,
        label: `${pool.name}/${namespace}`,
      })),
    ]),
  ];
}
