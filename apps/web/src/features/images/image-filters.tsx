"use client";

import type { PoolInfo } from "@coppice/server/router";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { debounce, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useMemo, useRef } from "react";
import { Button } from "#components/ui/button.tsx";
import { Input, Segmented, Select, type SelectOption, useDebounced } from "#components/ui/form.tsx";
import { Kbd } from "#components/ui/panel.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { trpc } from "#lib/api.ts";
import { formatCount } from "#lib/format.ts";
import { usePageSearch } from "#lib/keyboard.ts";

const KINDS = ["all", "roots", "clones", "trash", "problems"] as const;
export const SORTS = ["name", "size", "snapshots", "children", "depth", "created"] as const;

export type ImageSort = (typeof SORTS)[number];

const parsers = {
  q: parseAsString.withDefault("").withOptions({ limitUrlUpdates: debounce(300) }),
  kind: parseAsStringLiteral(KINDS).withDefault("all"),
  /** `pool` for the whole pool, `pool/namespace` for a namespace, `pool/` for the default namespace of the pool. */
  pool: parseAsString.withDefault(""),
  sort: parseAsStringLiteral(SORTS).withDefault("name"),
  dir: parseAsStringLiteral(["asc", "desc"]).withDefault("asc"),
  /** Key of the current row. */
  row: parseAsString.withDefault("").withOptions({ limitUrlUpdates: debounce(200) }),
};

/** What the table shows. The URL holds all of it. */
export function useImageFilters() {
  return useQueryStates(parsers);
}

export type ImageFilters = ReturnType<typeof useImageFilters>[0];

/** The filters as the server takes them. `q` is passed separately, after the user has paused typing. */
function toListInput({ kind, pool, sort, dir }: Omit<ImageFilters, "q" | "row">, q: string) {
  const search = q.trim();
  return {
    kind,
    sort: { by: sort, dir },
    ...(search === "" ? {} : { search }),
    ...parsePoolFilter(pool),
  };
}

/** Whether a filter is set. Sorting is not a filter. */
export function isFiltered({ q, kind, pool }: ImageFilters): boolean {
  return q.trim() !== "" || kind !== "all" || pool !== "";
}

/** Parses the filter by pool and namespace; see `parsers.pool`. */
export function parsePoolFilter(filter: string): { pool?: string; namespace?: string } {
  if (filter === "") return {};
  const slash = filter.indexOf("/");
  if (slash < 0) return { pool: filter };
  return { pool: filter.slice(0, slash), namespace: filter.slice(slash + 1) };
}

/** The pools and namespaces to filter by. */
export function poolOptions(pools: readonly PoolInfo[]): SelectOption[] {
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

/** The controls that filter the table. */
export function FilterBar({ filters, setFilters }: FilterBarProps) {
  const search = useRef<HTMLInputElement>(null);
  usePageSearch(search);
  const pools = useQuery(trpc.cluster.info.queryOptions({ cluster: useCluster() })).data?.pools ?? [];

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
          label="Filter by type"
          value={filters.kind}
          onValueChange={(kind) => void setFilters({ kind, row: null })}
          options={KIND_OPTIONS}
        />
      </div>
      <Select
        aria-label="Pool"
        options={poolOptions(pools)}
        value={filters.pool}
        onValueChange={(pool) => void setFilters({ pool: pool || null, row: null })}
        className="w-auto min-w-36"
      />
      {isFiltered(filters) && (
        <Button
          variant="ghost"
          onClick={() => void setFilters({ q: null, kind: null, pool: null, row: null })}
        >
          <X aria-hidden />
          Clear
        </Button>
      )}
    </search>
  );
}

const PAGE_SIZE = 250;
const TYPING_PAUSE_MS = 150;

/** The rows of the table, which the server filters, sorts and sends page by page. */
export function useImageList(filters: ImageFilters) {
  const cluster = useCluster();
  const q = useDebounced(filters.q, TYPING_PAUSE_MS);
  const query = useInfiniteQuery(
    trpc.images.list.infiniteQueryOptions(
      { cluster, ...toListInput(filters, q), limit: PAGE_SIZE },
      { getNextPageParam: (page) => page.nextCursor, placeholderData: keepPreviousData },
    ),
  );
  const pages = query.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.rows), [pages]);
  return { query, rows, last: pages?.at(-1) };
}

export type ImageList = ReturnType<typeof useImageList>;
