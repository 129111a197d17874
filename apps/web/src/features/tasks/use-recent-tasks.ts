import { useQuery } from "@tanstack/react-query";
import { trpc } from "#lib/trpc/trpc.ts";

/** The newest tasks: the tray, the overview and an image's activity share them. Kept fresh by the server's events. */
export function useRecentTasks() {
  return useQuery(trpc.tasks.list.queryOptions({ limit: 50 }));
}
