"use client";

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { HardDrive, SearchX } from "lucide-react";
import { useMemo } from "react";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { useDebounced } from "#components/ui/form.tsx";
import { ScanAge } from "#features/cluster/inventory.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount, plural } from "#lib/format.ts";
import { ScanProblems } from "../cluster/inventory.tsx";
import { DisplayMenu } from "./columns.tsx";
import { FilterBar, type ImageFilters, isFiltered, toListInput, useImageFilters } from "./image-filters.tsx";
import { ImageTable } from "./image-table.tsx";
import { TableSkeleton } from "./table-body.tsx";

/** Every image of the cluster as a row. */
export function ImagesPage() {
  const [filters, setFilters] = useImageFilters();
  const list = useImageList(filters);
  const { query, rows, last } = list;

  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-col gap-3 px-4 pt-4 pb-3 md:px-6">
        <PageHeader title="Images" note={last && <Count filtered={last.filtered} total={last.total} />}>
          <ScanAge scannedAt={last?.scannedAt} />
          <DisplayMenu />
        </PageHeader>
        <FilterBar filters={filters} setFilters={setFilters} />
        {query.isError && last !== undefined && (
          <StaleNotice
            problem={toProblem(query.error)}
            since={last.scannedAt}
            onRetry={() => void query.refetch()}
          />
        )}
        {last !== undefined && <ScanProblems problems={last.scanProblems} scannedAt={last.scannedAt} />}
      </div>
      {rows !== undefined && rows.length > 0 ? (
        <ImageTable list={list} rows={rows} filters={filters} setFilters={setFilters} />
      ) : (
        <ImageListState list={list} filters={filters} setFilters={setFilters} />
      )}
    </div>
  );
}

function Count({ filtered, total }: { filtered: number; total: number }) {
  return (
    <span role="status">
      {filtered === total ? plural(total, "image") : `${formatCount(filtered)} of ${plural(total, "image")}`}
    </span>
  );
}

interface ImageListStateProps {
  list: ImageList;
  filters: ImageFilters;
  setFilters: ReturnType<typeof useImageFilters>[1];
}

/** In the place of the table when it has no rows: on their way, unreadable, filtered out, or none at all. */
export function ImageListState({ list: { query, last }, filters, setFilters }: ImageListStateProps) {
  if (last === undefined && query.isError) {
    return (
      <ErrorState
        title="The images cannot be read"
        problem={toProblem(query.error)}
        onRetry={() => void query.refetch()}
      />
    );
  }
  if (last === undefined) return <TableSkeleton />;
  if (isFiltered(filters) && last.total > 0) {
    return (
      <EmptyState
        icon={SearchX}
        title={
          filters.kind === "problems" && filters.q === "" ? "No image has a problem" : "No image matches"
        }
        actions={
          <Button onClick={() => void setFilters({ q: null, kind: null, place: null })}>
            Show all images
          </Button>
        }
      >
        {filters.kind === "problems" && filters.q === ""
          ? "All images can be read, and none of them is an orphan, too deep, or hangs on the trash."
          : "There are images, but the filter hides them all."}
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={HardDrive} title="This cluster has no images yet">
      Create one with <code className="font-mono text-xs">rbd create --size 10G pool/image</code>; it shows up
      here by itself.
    </EmptyState>
  );
}

const PAGE = 250;
const TYPING_PAUSE_MS = 150;

/** The rows of the table, page by page, filtered and sorted by the server. */
export function useImageList(filters: ImageFilters) {
  const q = useDebounced(filters.q, TYPING_PAUSE_MS);
  const query = useInfiniteQuery(
    trpc.images.list.infiniteQueryOptions(
      { ...toListInput(filters, q), limit: PAGE },
      { getNextPageParam: (page) => page.nextCursor, placeholderData: keepPreviousData },
    ),
  );
  const pages = query.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.rows), [pages]);
  return { query, rows, last: pages?.at(-1) };
}

export type ImageList = ReturnType<typeof useImageList>;
