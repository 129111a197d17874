import { HardDrive, SearchX } from "lucide-react";
import { EmptyState } from "#components/state/empty-state.tsx";
import { ErrorState } from "#components/state/error-state.tsx";
import { Button } from "#components/ui/button.tsx";
import { toProblem } from "#lib/problem.ts";
import { type ImageFilters, isFiltered, type useImageFilters } from "./image-filters.ts";
import { TableSkeleton } from "./table-skeleton.tsx";
import type { ImageList } from "./use-image-list.ts";

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
