"use client";

import { PageHeader } from "#components/page-header.tsx";
import { ScanAge } from "#features/cluster/scan-age.tsx";
import { Attention } from "./attention.tsx";
import { CapacityPanel } from "./capacity-panel.tsx";
import { Figures } from "./figures.tsx";
import { RecentTasks } from "./recent-tasks.tsx";
import { useProblems } from "./use-problems.ts";

/** What needs attention first, then how full the cluster is and what was done. */
export function OverviewPage() {
  const problems = useProblems();
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <PageHeader title="Overview">
        <ScanAge scannedAt={problems.data?.scannedAt} />
      </PageHeader>
      <Figures problems={problems} />
      <div className="grid items-start gap-4 lg:grid-cols-[3fr_2fr]">
        <Attention problems={problems} />
        <div className="grid gap-4">
          <CapacityPanel />
          <RecentTasks />
        </div>
      </div>
    </div>
  );
}
