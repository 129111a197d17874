"use client";

import { type ReactNode, Suspense } from "react";
import { Skeleton } from "#components/ui/progress.tsx";
import { DialogHost } from "#features/actions/dialog-host.tsx";
import { ClusterChip } from "#features/cluster/cluster-chip.tsx";
import { ClusterProvider } from "#features/cluster/current-cluster.tsx";
import { SessionGuard } from "#features/session/session.tsx";
import { TaskTray } from "#features/tasks/task-tray.tsx";
import { TaskWatch } from "#features/tasks/task-watch.tsx";
import { Navigation } from "./navigation.tsx";
import { PaletteProvider, SearchButton } from "./palette.tsx";
import { UserMenu } from "./user-menu.tsx";

/** The frame of every page of a signed-in user: navigation, top bar and the page. */
export function Console({ children }: { children: ReactNode }) {
  return (
    <SessionGuard fallback={<ConsoleSkeleton />}>
      <ClusterProvider fallback={<ConsoleSkeleton />}>
        <TaskWatch>
          <DialogHost>
            <PaletteProvider>
              <a
                href="#main"
                className="fixed top-2 left-2 z-60 -translate-y-16 rounded-md bg-brand px-3 py-1.5 text-on-brand focus-visible:translate-y-0"
              >
                Skip to content
              </a>
              <div className="flex h-dvh flex-col-reverse md:flex-row">
                <Navigation />
                <div className="flex min-h-0 min-w-0 flex-1 flex-col">
                  <TopBar />
                  <main
                    id="main"
                    tabIndex={-1}
                    className="relative min-h-0 flex-1 overflow-y-auto outline-hidden"
                  >
                    <Suspense>{children}</Suspense>
                  </main>
                </div>
              </div>
            </PaletteProvider>
          </DialogHost>
        </TaskWatch>
      </ClusterProvider>
    </SessionGuard>
  );
}

/** The cluster, the search, the tasks and the user. */
function TopBar() {
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-line border-b bg-surface px-3 md:px-4">
      <ClusterChip />
      <div className="flex min-w-0 flex-1 justify-end md:justify-center">
        <SearchButton />
      </div>
      <TaskTray />
      <UserMenu />
    </header>
  );
}

/** The frame while the session is being loaded. */
function ConsoleSkeleton() {
  return (
    <div className="flex h-dvh flex-col-reverse md:flex-row" aria-busy="true">
      <div className="h-14 border-line border-t bg-sunken md:h-auto md:w-14 md:border-t-0 md:border-r xl:w-52" />
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex h-12 shrink-0 items-center gap-3 border-line border-b bg-surface px-4">
          <Skeleton className="w-28" />
          <Skeleton className="ml-auto w-40" />
        </div>
        <main className="flex-1">
          <span role="status" className="sr-only">
            Loading
          </span>
        </main>
      </div>
    </div>
  );
}
