import { debounce, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { parseSpecPlace } from "./place.ts";

export const KINDS = ["all", "roots", "clones", "trash", "problems"] as const;
export const SORTS = ["name", "size", "snapshots", "children", "depth", "created"] as const;

export type ImageSort = (typeof SORTS)[number];

const parsers = {
  q: parseAsString.withDefault("").withOptions({ limitUrlUpdates: debounce(300) }),
  kind: parseAsStringLiteral(KINDS).withDefault("all"),
  /** `pool` or `pool/namespace`; `pool/` is the pool's default namespace alone. */
  place: parseAsString.withDefault(""),
  sort: parseAsStringLiteral(SORTS).withDefault("name"),
  dir: parseAsStringLiteral(["asc", "desc"]).withDefault("asc"),
  /** Key of the row one is on. */
  row: parseAsString.withDefault("").withOptions({ limitUrlUpdates: debounce(200) }),
};

/** What the table shows, from the address bar. */
export function useImageFilters() {
  return useQueryStates(parsers);
}

export type ImageFilters = ReturnType<typeof useImageFilters>[0];

/** The filters as the server takes them. `q` is passed apart, once it has settled. */
export function toListInput({ kind, place, sort, dir }: Omit<ImageFilters, "q" | "row">, q: string) {
  const search = q.trim();
  return {
    kind,
    sort: { by: sort, dir },
    ...(search === "" ? {} : { search }),
    ...parseSpecPlace(place),
  };
}

/** Whether anything is filtered out; sorting hides nothing. */
export function isFiltered({ q, kind, place }: ImageFilters): boolean {
  return q.trim() !== "" || kind !== "all" || place !== "";
}
