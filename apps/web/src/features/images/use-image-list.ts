import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { trpc } from "#lib/trpc/trpc.ts";
import { useDebounced } from "#lib/use-debounced.ts";
import { type ImageFilters, toListInput } from "./image-filters.ts";

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
