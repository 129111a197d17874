"use client";

import { ClusterChip } from "#features/cluster/cluster-chip.tsx";
import { SearchButton } from "#features/palette/search-button.tsx";
import { TaskTray } from "#features/tasks/task-tray.tsx";
import { UserMenu } from "./user-menu.tsx";

/** Which cluster this is, search, what is going on, and who is signed in. */
export function TopBar() {
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
