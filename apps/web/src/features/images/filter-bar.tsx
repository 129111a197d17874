"use client";

import { useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { useRef } from "react";
import { Button } from "#components/ui/button.tsx";
import { Input } from "#components/ui/input.tsx";
import { Kbd } from "#components/ui/kbd.tsx";
import { Segmented } from "#components/ui/segmented.tsx";
import { Select } from "#components/ui/select.tsx";
import { usePageSearch } from "#features/shell/page-search.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { type ImageFilters, isFiltered, type useImageFilters } from "./image-filters.ts";
import { placeOptions } from "./place.ts";

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
