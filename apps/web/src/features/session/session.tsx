"use client";

import type { Me } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { createContext, type ReactNode, useCallback, useContext, useEffect } from "react";
import { ErrorState } from "#components/state.tsx";
import { isSignedOut, toProblem, trpc, whenSignedOut } from "#lib/api.ts";

/** Shows its children to who is signed in; sends everybody else to sign in, and then back to the page they wanted. */
export function SessionGuard({ children, fallback }: { children: ReactNode; fallback: ReactNode }) {
  const router = useRouter();
  const me = useMeQuery();
  const signedOut = isSignedOut(me.error);

  const leave = useCallback(() => {
    const { pathname, search } = window.location;
    if (pathname.startsWith("/sign-in")) return; // another query was faster
    const here = `${pathname}${search}`;
    router.replace(here === "/" ? "/sign-in/" : `/sign-in/?next=${encodeURIComponent(here)}`);
  }, [router]);

  useEffect(() => {
    whenSignedOut(leave);
    return () => whenSignedOut(() => {});
  }, [leave]);

  // The browser brings a left page back as it was; after signing out it must not show what it showed.
  useEffect(() => {
    const onShow = (event: PageTransitionEvent) => {
      if (event.persisted) window.location.reload();
    };
    window.addEventListener("pageshow", onShow);
    return () => window.removeEventListener("pageshow", onShow);
  }, []);

  if (me.data !== undefined && !signedOut) {
    return <SessionContext value={me.data}>{children}</SessionContext>;
  }
  if (me.isError && !signedOut) {
    return (
      <main className="flex min-h-dvh items-center justify-center">
        <ErrorState
          heading="h1"
          title="Coppice cannot be opened"
          problem={toProblem(me.error)}
          onRetry={() => void me.refetch()}
        />
      </main>
    );
  }
  return fallback;
}

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
