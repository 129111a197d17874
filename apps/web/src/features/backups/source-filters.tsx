"use client";

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { debounce, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useMemo, useRef } from "react";
import { Button } from "#components/ui/button.tsx";
import { Input, Select, useDebounced } from "#components/ui/form.tsx";
import { Kbd } from "#components/ui/panel.tsx";
import { trpc } from "#lib/api.ts";
import { usePageSearch } from "#lib/keyboard.ts";
import { BACKUPS_REFETCH_MS, useTargets } from "./targets.ts";

const STATES = ["all", "problems", "failed-check", "unverified", "gone", "cinder"] as const;
export const SOURCE_SORTS = ["name", "newest", "points", "stored", "verified"] as const;

export type SourceSort = (typeof SOURCE_SORTS)[number];

const parsers = {
  q: parseAsString.withDefault("").withOptions({ limitUrlUpdates: debounce(300) }),
  target: parseAsString.withDefault(""),
  state: parseAsStringLiteral(STATES).withDefault("all"),
  sort: parseAsStringLiteral(SOURCE_SORTS).withDefault("name"),
  dir: parseAsStringLiteral(["asc", "desc"]).withDefault("asc"),
  /** Key of the current row. */
  row: parseAsString.withDefault("").withOptions({ limitUrlUpdates: debounce(200) }),
};

/** What the table shows. The URL holds all of it. */
export function useSourceFilters() {
  return useQueryStates(parsers);
}

export type SourceFilters = ReturnType<typeof useSourceFilters>[0];
export type SetSourceFilters = ReturnType<typeof useSourceFilters>[1];

/** Whether a filter is set. Sorting is not a filter. */
export function isFiltered({ q, target, state }: SourceFilters): boolean {
  return q.trim() !== "" || target !== "" || state !== "all";
}

const PROBLEMS = {
  problems: "any",
  "failed-check": "failed-check",
  unverified: "never-verified",
  gone: "source-gone",
} as const;

/** The filters as the server takes them. `q` is passed separately, after the user has paused typing. */
export function toSourcesInput({ target, state, sort, dir }: Omit<SourceFilters, "q" | "row">, q: string) {
  const search = q.trim();
  return {
    sort: { by: sort, dir },
    ...(search === "" ? {} : { search }),
    ...(target === "" ? {} : { target }),
    ...(state === "cinder" ? { origin: "cinder" as const } : {}),
    ...(state === "all" || state === "cinder" ? {} : { problem: PROBLEMS[state] }),
  };
}

const STATE_OPTIONS = [
  { value: "all", label: "All states" },
  { value: "problems", label: "With problems" },
  { value: "failed-check", label: "Failed verification" },
  { value: "unverified", label: "Never verified" },
  { value: "gone", label: "Image is gone" },
  { value: "cinder", label: "Made by Cinder" },
] as const;

/** The controls that filter the table. */
export function SourceFilterBar({
  filters,
  setFilters,
}: {
  filters: SourceFilters;
  setFilters: SetSourceFilters;
}) {
  const search = useRef<HTMLInputElement>(null);
  usePageSearch(search);
  const targets = useTargets().data ?? [];
  const stateOf = (value: string) => STATES.find((state) => state === value) ?? "all";
  return (
    <search className="flex flex-wrap items-center gap-2">
      <div className="relative w-full sm:w-72">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
        <Input
          ref={search}
          type="search"
          aria-label="Filter by image"
          placeholder="Filter by image…"
          value={filters.q}
          onChange={(event) => void setFilters({ q: event.target.value || null, row: null })}
          className="pr-8 pl-8 [&::-webkit-search-cancel-button]:hidden"
        />
        {filters.q === "" && (
          <Kbd className="pointer-events-none absolute top-[7px] right-2 max-md:hidden">/</Kbd>
        )}
      </div>
      <Select
        aria-label="Target"
        options={[
          { value: "", label: "All targets" },
          ...targets.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        value={filters.target}
        onValueChange={(target) => void setFilters({ target: target || null, row: null })}
        className="w-auto min-w-36"
      />
      <Select
        aria-label="State"
        options={STATE_OPTIONS}
        value={filters.state}
        onValueChange={(state) => void setFilters({ state: stateOf(state), row: null })}
        className="w-auto min-w-36"
      />
      {isFiltered(filters) && (
        <Button
          variant="ghost"
          onClick={() => void setFilters({ q: null, target: null, state: null, row: null })}
        >
          <X aria-hidden />
          Clear
        </Button>
      )}
    </search>
  );
}

const PAGE_SIZE = 200;
const TYPING_PAUSE_MS = 150;

/** The rows of the table, which the server filters, sorts and sends page by page. */
export function useSourceList(filters: SourceFilters) {
  const q = useDebounced(filters.q, TYPING_PAUSE_MS);
  const query = useInfiniteQuery(
    trpc.backups.sources.infiniteQueryOptions(
      { ...toSourcesInput(filters, q), limit: PAGE_SIZE },
      {
        getNextPageParam: (page) => page.nextCursor,
        placeholderData: keepPreviousData,
        refetchInterval: BACKUPS_REFETCH_MS,
      },
    ),
  );
  const pages = query.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.rows), [pages]);
  return { query, rows, last: pages?.at(-1) };
}

export type SourceList = ReturnType<typeof useSourceList>;
