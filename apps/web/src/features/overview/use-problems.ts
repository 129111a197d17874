import { useQuery } from "@tanstack/react-query";
import { trpc } from "#lib/trpc/trpc.ts";

const MOST = 100;

/** Images with a problem, and how many images there are in all. */
export function useProblems() {
  return useQuery(trpc.images.list.queryOptions({ kind: "problems", limit: MOST }));
}

export type Problems = ReturnType<typeof useProblems>;
