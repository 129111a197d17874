"use client";

import { Plus, SearchX } from "lucide-react";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { InventoryAge, ScanProblems } from "#features/cluster/inventory.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { FirstRun } from "#features/volumes/first-run.tsx";
import { NewImageDialog } from "#features/volumes/volume-actions.ts";
import { toProblem } from "#lib/api.ts";
import { formatCount, plural } from "#lib/format.ts";
import { DisplayMenu } from "./columns.tsx";
import {
  FilterBar,
  type ImageFilters,
  type ImageList,
  isFiltered,
  useImageFilters,
  useImageList,
} from "./image-filters.tsx";
import { ImageTable } from "./image-table.tsx";
import { TableSkeleton } from "./table-body.tsx";

/** All images of the cluster in a table. */
export function ImagesPage() {
  const [filters, setFilters] = useImageFilters();
  const list = useImageList(filters);
  const { query, rows, last } = list;
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const poolSpec = filters.pool === "" ? {} : { poolSpec: filters.pool.replace(/\/$/, "") };

  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-col gap-3 px-4 pt-4 pb-3 md:px-6">
        <PageHeader title="Images" note={last && <Count filtered={last.filtered} total={last.total} />}>
          <InventoryAge scannedAt={last?.scannedAt} />
          <DisplayMenu />
          {mayOperate && (
            <Button variant="primary" onClick={() => openDialog(NewImageDialog, poolSpec)}>
              <Plus aria-hidden />
              New image…
            </Button>
          )}
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

/** Takes the place of the table without rows: they are being loaded, failed to load, do not match, or do not exist. */
function ImageListState({ list: { query, last }, filters, setFilters }: ImageListStateProps) {
  if (last === undefined && query.isError) {
    return (
      <ErrorState
        title="The images could not be loaded"
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
        title={filters.kind === "problems" && filters.q === "" ? "No problems found" : "No matching images"}
        actions={
          <Button onClick={() => void setFilters({ q: null, kind: null, pool: null })}>
            Show all images
          </Button>
        }
      >
        {filters.kind === "problems" && filters.q === ""
          ? "All images are readable. None is an orphan, too deep, or a clone of an image in the trash."
          : "No image matches the filter."}
      </EmptyState>
    );
  }
  return <FirstRun />;
}
