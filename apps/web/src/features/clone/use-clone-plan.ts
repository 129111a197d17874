import { skipToken, useQuery } from "@tanstack/react-query";
import { trpc } from "#lib/trpc/trpc.ts";
import { useDebounced } from "#lib/use-debounced.ts";
import { type CloneDraft, toCloneInput } from "./clone-draft.ts";

const TYPING_PAUSE_MS = 250;

/**
 * The server's plan for what the form says now. It looks at the cluster each time, so the answer is not kept; a
 * question that is no longer asked is cancelled on the server too.
 */
export function useClonePlan(draft: CloneDraft) {
  const input = toCloneInput(draft);
  const settled = useDebounced(input === null ? "" : JSON.stringify(input), TYPING_PAUSE_MS);
  const current = input !== null && settled === JSON.stringify(input);
  const query = useQuery(
    trpc.clone.plan.queryOptions(current ? input : skipToken, {
      staleTime: 0,
      gcTime: 0,
      retry: false,
      refetchOnWindowFocus: false,
      trpc: { abortOnUnmount: true },
    }),
  );
  return {
    /** Null while the form is not complete. */
    input,
    plan: current && !query.isFetching ? query.data : undefined,
    error: current && !query.isFetching ? query.error : null,
    isPending: input !== null && (!current || query.isFetching),
    retry: () => void query.refetch(),
  };
}
