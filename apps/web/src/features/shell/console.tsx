"use client";

import { type ReactNode, Suspense } from "react";
import { CloneDialogProvider } from "#features/clone/clone-dialog-provider.tsx";
import { PaletteProvider } from "#features/palette/palette-provider.tsx";
import { SessionGuard } from "#features/session/session-guard.tsx";
import { TaskWatch } from "#features/tasks/task-watch.tsx";
import { ConsoleSkeleton } from "./console-skeleton.tsx";
import { Navigation } from "./navigation.tsx";
import { TopBar } from "./top-bar.tsx";

/** The frame of every page for who is signed in: navigation, top bar, and the page. */
export function Console({ children }: { children: ReactNode }) {
  return (
    <SessionGuard fallback={<ConsoleSkeleton />}>
      <TaskWatch>
        <CloneDialogProvider>
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
        </CloneDialogProvider>
      </TaskWatch>
    </SessionGuard>
  );
}
