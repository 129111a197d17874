import type { Me } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { trpc } from "#lib/trpc/trpc.ts";

export const SessionContext = createContext<Me | null>(null);

/** Asks the server who is signed in. */
export function useMeQuery() {
  return useQuery(trpc.session.me.queryOptions(undefined, { staleTime: 5 * 60_000 }));
}

/** Who is signed in. Only inside the console, which is not shown to anyone else. */
export function useMe(): Me {
  const me = useContext(SessionContext);
  if (me === null) throw new Error("useMe outside of SessionGuard");
  return me;
}

/** Whether the person may change images. The server checks again; this is for what to offer. */
export function useMayOperate(): boolean {
  const { role } = useMe().user;
  return role === "operator" || role === "admin";
}
