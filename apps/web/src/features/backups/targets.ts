import { useQuery } from "@tanstack/react-query";
import { useMe } from "#features/session/session.tsx";
import { trpc } from "#lib/api.ts";

/** Other programs and servers change a target without an event, so what is in view is asked for again. */
export const BACKUPS_REFETCH_MS = 60_000;

/** The places for backups, by name. */
export function useTargets() {
  return useQuery(
    trpc.backups.targets.list.queryOptions(undefined, {
      select: ({ targets }) => targets,
      staleTime: 60_000,
    }),
  );
}

/** Whether the user may add and remove targets. */
export function useMayChangeTargets(): boolean {
  return useMe().user.role === "admin";
}
