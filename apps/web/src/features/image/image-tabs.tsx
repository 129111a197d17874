"use client";

import type { ImageDetail } from "@coppice/server/router";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { Tab, TabPanel, Tabs, TabsList } from "#components/ui/tabs.tsx";
import { formatCount } from "#lib/format/count.ts";
import { ActivityTab } from "./activity-tab.tsx";
import { FamilyTab } from "./family-tab.tsx";
import { SnapshotsTab } from "./snapshots-tab.tsx";
import { SummaryTab } from "./summary-tab.tsx";
import { useImageTasks } from "./use-image-tasks.ts";

const TABS = ["summary", "snapshots", "family", "activity"] as const;

/** The image's sides. Which one is open is in the address bar. */
export function ImageTabs({ image }: { image: ImageDetail }) {
  const [wanted, setTab] = useQueryState(
    "tab",
    parseAsStringLiteral(TABS).withDefault("summary").withOptions({ history: "push" }),
  );
  const tasks = useImageTasks(image.spec);
  const tab = wanted === "activity" && tasks.length === 0 ? "summary" : wanted;
  const family = image.ancestors.length + image.children.length;
  const known = image.state === "ok";

  return (
    <Tabs value={tab} onValueChange={(next) => void setTab(TABS.find((tab) => tab === next) ?? null)}>
      <TabsList>
        <Tab value="summary">Summary</Tab>
        <Tab value="snapshots">Snapshots {known && <Amount>{image.snapshots.length}</Amount>}</Tab>
        <Tab value="family">Family {known && <Amount>{family}</Amount>}</Tab>
        {tasks.length > 0 && (
          <Tab value="activity">
            Activity <Amount>{tasks.length}</Amount>
          </Tab>
        )}
      </TabsList>
      <TabPanel value="summary" className="pt-4">
        <SummaryTab image={image} />
      </TabPanel>
      <TabPanel value="snapshots" className="pt-4">
        <SnapshotsTab image={image} />
      </TabPanel>
      <TabPanel value="family" className="pt-4">
        <FamilyTab image={image} />
      </TabPanel>
      {tasks.length > 0 && (
        <TabPanel value="activity" className="pt-4">
          <ActivityTab tasks={tasks} />
        </TabPanel>
      )}
    </Tabs>
  );
}

function Amount({ children }: { children: number }): ReactNode {
  return (
    <span className="rounded-full bg-hover px-1.5 text-2xs text-ink-3 tabular-nums">
      {formatCount(children)}
    </span>
  );
}
