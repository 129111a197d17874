"use client";

import { useRouter } from "next/navigation";
import { type ReactNode, useCallback, useEffect } from "react";
import { ErrorState } from "#components/state/error-state.tsx";
import { isSignedOut, toProblem } from "#lib/problem.ts";
import { whenSignedOut } from "#lib/trpc/query-client.ts";
import { SessionContext, useMeQuery } from "./use-session.ts";

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
