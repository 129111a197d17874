"use client";

import type { Me } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { createContext, type ReactNode, useCallback, useContext, useEffect } from "react";
import { ErrorState } from "#components/state.tsx";
import { isSignedOut, toProblem, trpc, whenSignedOut } from "#lib/api.ts";

/** Renders its children for a signed-in user. Others are sent to the sign-in page, and from there back to this page. */
export function SessionGuard({ children, fallback }: { children: ReactNode; fallback: ReactNode }) {
  const router = useRouter();
  const me = useMeQuery();
  const signedOut = isSignedOut(me.error);

  const leave = useCallback(() => {
    const { pathname, search } = window.location;
    if (pathname.startsWith("/sign-in")) return; // another query has failed before
    const here = `${pathname}${search}`;
    router.replace(here === "/" ? "/sign-in/" : `/sign-in/?next=${encodeURIComponent(here)}`);
  }, [router]);

  useEffect(() => {
    whenSignedOut(leave);
    return () => whenSignedOut(() => {});
  }, [leave]);

  // The browser may restore a page from its cache. After signing out the page must not show its former content.
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
          title="Coppice could not be loaded"
          problem={toProblem(me.error)}
          onRetry={() => void me.refetch()}
        />
      </main>
    );
  }
  return fallback;
}

const SessionContext = createContext<Me | null>(null);

/** The signed-in user according to the server. */
function useMeQuery() {
  return useQuery(trpc.session.me.queryOptions(undefined, { staleTime: 5 * 60_000 }));
}

/** The signed-in user. @throws outside of `SessionGuard` */
export function useMe(): Me {
  const me = useContext(SessionContext);
  if (me === null) throw new Error("useMe is called outside of SessionGuard");
  return me;
}

/** Whether the role of the user allows changes. The server checks it as well; the dashboard hides what is not allowed. */
export function useMayOperate(): boolean {
  const { role } = useMe().user;
  return role === "operator" || role === "admin";
}

/** Whether the user manages the server and its users. */
export function useIsAdmin(): boolean {
  return useMe().user.role === "admin";
}
