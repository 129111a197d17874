import type { AppRouter, UserError } from "@coppice/server/router";
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink, TRPCClientError } from "@trpc/client";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";

/** An error in words for the person at the screen. `code` is the server's, or `OFFLINE` when it did not answer. */
export type Problem = UserError;

/** `data.coppice` of a tRPC error: the server adds it to each one. */
function fromServer(error: TRPCClientError<never>): UserError | null {
  const data: unknown = error.data;
  if (typeof data !== "object" || data === null || !("coppice" in data)) return null;
  return data.coppice as UserError;
}

/** The words for any error that a query or a mutation ended with. */
export function toProblem(error: unknown): Problem {
  if (error instanceof TRPCClientError) {
    const known = fromServer(error);
    if (known !== null) return known;
    return {
      code: "OFFLINE",
      message: "Coppice's server does not answer.",
      hint: "See whether it is running and whether this machine can reach it.",
      object: null,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "UNEXPECTED", message, hint: "Reload the page; if it stays, report it.", object: null };
}

/** Whether the error says that nobody is signed in (any more). */
export function isSignedOut(error: unknown): boolean {
  return error instanceof TRPCClientError && error.data?.code === "UNAUTHORIZED";
}

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

const url = "/trpc";

/**
 * One request for each call, so that a slow one holds nothing up and each can be cancelled alone; subscriptions come
 * over one event stream.
 */
export const trpcClient = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: (operation) => operation.type === "subscription",
      true: httpSubscriptionLink({ url }),
      false: httpLink({ url }),
    }),
  ],
});

/** Options for TanStack Query, procedure by procedure: `useQuery(trpc.images.get.queryOptions({ spec }))`. */
export const trpc = createTRPCOptionsProxy<AppRouter>({ client: trpcClient, queryClient });
