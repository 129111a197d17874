import type { AppRouter } from "@coppice/server/router";
import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink } from "@trpc/client";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { queryClient } from "./query-client.ts";

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
