import type { AppRouter, UserError } from "@coppice/server/router";
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink, TRPCClientError } from "@trpc/client";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";

/** An error for the user. `code` is the server's code, or `OFFLINE` when the server did not respond. */
export type Problem = UserError;

/** `data.coppice`, which the server adds to every tRPC error. */
function fromServer(error: TRPCClientError<never>): UserError | null {
  const data: unknown = error.data;
  if (typeof data !== "object" || data === null || !("coppice" in data)) return null;
  return data.coppice as UserError;
}

/** Describes any error of a query or a mutation to the user. */
export function toProblem(error: unknown): Problem {
  if (error instanceof TRPCClientError) {
    const known = fromServer(error);
    if (known !== null) return known;
    return {
      code: "OFFLINE",
      message: "The Coppice server does not respond.",
      hint: "Check that it is running and that this computer can reach it.",
      object: null,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "UNEXPECTED",
    message,
    hint: "Reload the page. If the error persists, report it.",
    object: null,
  };
}

/** Whether the error says that there is no session, or that it has expired. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof TRPCClientError && error.data?.code === "UNAUTHORIZED";
}

/** Called when the server reports that the session has ended. `SessionGuard` sets it. */
let onSignedOut: () => void = () => {};

export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

/**
 * The query cache of this tab. The server reports changes (see `useServerEvents`), so that data is not fetched again on
 * every visit. A query is only retried when the server did not respond.
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
 * Every call is an HTTP request of its own, so that a slow call does not delay others and each can be cancelled.
 * Subscriptions use an event stream.
 */
const trpcClient = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: (operation) => operation.type === "subscription",
      true: httpSubscriptionLink({ url }),
      false: httpLink({ url }),
    }),
  ],
});

/** Options for TanStack Query, procedure by procedure: `useQuery(trpc.images.get.queryOptions({ cluster, spec }))`. */
export const trpc = createTRPCOptionsProxy<AppRouter>({ client: trpcClient, queryClient });
