"use client";

import type { PoolInfo } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { debounce, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useRef } from "react";
import { Button } from "#components/ui/button.tsx";
import { Input, Segmented, Select, type SelectOption } from "#components/ui/form.tsx";
import { Kbd } from "#components/ui/panel.tsx";
import { trpc } from "#lib/api.ts";
import { formatCount } from "#lib/format.ts";
import { usePageSearch } from "#lib/keyboard.ts";

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

const KIND_OPTIONS = [
  { value: "all", label: "All" },
  { value: "roots", label: "Roots" },
  { value: "clones", label: "Clones" },
  { value: "trash", label: "Trash" },
  { value: "problems", label: "Problems" },
] as const;

interface FilterBarProps {
  filters: ImageFilters;
  setFilters: ReturnType<typeof useImageFilters>[1];
}

/** What narrows the table. All of it is in the address bar. */
export function FilterBar({ filters, setFilters }: FilterBarProps) {
  const search = useRef<HTMLInputElement>(null);
  usePageSearch(search);
  const pools = useQuery(trpc.cluster.info.queryOptions()).data?.pools ?? [];

  return (
    <search className="flex flex-wrap items-center gap-2">
      <div className="relative w-full sm:w-72">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
        <Input
          ref={search}
          type="search"
          aria-label="Filter by name"
          placeholder="Filter by name…"
          value={filters.q}
          onChange={(event) => void setFilters({ q: event.target.value || null, row: null })}
          className="pr-8 pl-8 [&::-webkit-search-cancel-button]:hidden"
        />
        {filters.q === "" && (
          <Kbd className="pointer-events-none absolute top-[7px] right-2 max-md:hidden">/</Kbd>
        )}
      </div>
      <div className="max-w-full overflow-x-auto">
        <Segmented
          label="Which images"
          value={filters.kind}
          onValueChange={(kind) => void setFilters({ kind, row: null })}
          options={KIND_OPTIONS}
        />
      </div>
      <Select
        aria-label="Pool"
        options={placeOptions(pools)}
        value={filters.place}
        onValueChange={(place) => void setFilters({ place: place || null, row: null })}
        className="w-auto min-w-36"
      />
      {isFiltered(filters) && (
        <Button
          variant="ghost"
          onClick={() => void setFilters({ q: null, kind: null, place: null, row: null })}
        >
          <X aria-hidden />
          Clear
        </Button>
      )}
    </search>
  );
}
