import { QueryCache, QueryClient } from "@tanstack/react-query";
import { isSignedOut, toProblem } from "#lib/problem.ts";

/** Called when the server says that the session is over. Set by the session's guard. */
let onSignedOut: () => void = () => {};

export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

/**
 * One cache for the tab. The server tells what changes (see `useServerEvents`), so data is not fetched again on
 * every visit; only a server that did not answer is asked a second time.
 */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (isSignedOut(error)) onSignedOut();
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: 10 * 60_000,
      retry: (failures, error) => failures < 1 && toProblem(error).code === "OFFLINE",
    },
  },
});
