"use client";

import { PageHeader } from "#components/page-header.tsx";
import { StaleNotice } from "#components/state/stale-notice.tsx";
import { ScanAge } from "#features/cluster/scan-age.tsx";
import { formatCount, plural } from "#lib/format/count.ts";
import { toProblem } from "#lib/problem.ts";
import { DisplayMenu } from "./display-menu.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { useImageFilters } from "./image-filters.ts";
import { ImageTable } from "./image-table.tsx";
import { ImageListState } from "./list-state.tsx";
import { ScanProblems } from "./scan-problems.tsx";
import { useImageList } from "./use-image-list.ts";

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
