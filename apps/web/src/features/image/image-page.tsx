"use client";

import type { ImageDetail } from "@coppice/server/router";
import { skipToken, useQuery } from "@tanstack/react-query";
import { HardDrive } from "lucide-react";
import { parseAsString, parseAsStringLiteral, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { StatusBadges, statusesOf } from "#components/image-status.tsx";
import { Breadcrumbs, useTitle } from "#components/page.tsx";
import { EmptyState, ErrorState, ProblemCallout, StaleNotice } from "#components/state.tsx";
import { ButtonLink, CopyButton } from "#components/ui/button.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Tab, TabPanel, Tabs, TabsList } from "#components/ui/tabs.tsx";
import { SpecText } from "#components/values.tsx";
import { ActionButtons, ActionMenu } from "#features/actions/action-controls.tsx";
import { useImageActions, usePageTarget } from "#features/actions/image-actions.ts";
import { SnapshotChain } from "#features/chain/snapshot-chain.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount } from "#lib/format.ts";
import { visibleName } from "#lib/spec.ts";
import { ActivityTab, useImageTasks } from "./activity-tab.tsx";
import { BackupsTab, useImageBackups } from "./backups-tab.tsx";
import { FamilyTab } from "./family-tab.tsx";
import { SummaryTab } from "./summary-tab.tsx";

/** One image. `spec` in the URL is the spec of the image, or its key when the image is in the trash. */
export function ImagePage() {
  const links = useLinks();
  const cluster = useCluster();
  const [spec] = useQueryState("spec", parseAsString.withDefault(""));
  const image = useQuery(trpc.images.get.queryOptions(spec === "" ? skipToken : { cluster, spec }));
  useTitle(image.data?.spec ?? null);
  usePageTarget(image.data);
  const problem = image.isError ? toProblem(image.error) : null;

  if (spec === "") {
    return (
      <EmptyState
        icon={HardDrive}
        heading="h1"
        title="No image selected"
        actions={<ButtonLink href={links.images()}>All images</ButtonLink>}
      >
        Choose an image from the list, or add <code className="font-mono text-xs">?spec=pool/image</code> to
        the address.
      </EmptyState>
    );
  }
  if (problem?.code === "IMAGE_UNKNOWN") {
    return (
      <EmptyState
        icon={HardDrive}
        heading="h1"
        title="Image not found"
        actions={<ButtonLink href={links.images()}>All images</ButtonLink>}
      >
        <span className="wrap-anywhere font-mono text-xs">{spec}</span> does not exist in this cluster. It may
        have been renamed or removed.
      </EmptyState>
    );
  }
  if (image.data === undefined) {
    if (problem === null) return <ImageSkeleton />;
    return (
      <ErrorState
        heading="h1"
        title="The image could not be loaded"
        problem={problem}
        onRetry={() => void image.refetch()}
      />
    );
  }
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      {problem !== null && (
        <StaleNotice
          problem={problem}
          since={new Date(image.dataUpdatedAt).toISOString()}
          onRetry={() => void image.refetch()}
        />
      )}
      <ImageHeader image={image.data} />
      <ImageTabs image={image.data} />
    </div>
  );
}

/** The ancestors of the image, its name, its statuses and the actions on it. */
function ImageHeader({ image }: { image: ImageDetail }) {
  const links = useLinks();
  const { actionsFor } = useImageActions();
  const actions = actionsFor(image);
  const statuses = statusesOf(image);
  return (
    <header className="flex flex-col gap-2">
      <Breadcrumbs
        items={[
          { href: links.images(), label: "Images" },
          ...image.ancestors.map(({ key, spec, snapshot }) => ({
            href: links.image(key),
            label: <SpecText spec={spec} />,
            note: snapshot,
          })),
        ]}
        current={<span className="font-mono">{visibleName(image.name)}</span>}
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="flex min-w-0 items-center gap-1 font-semibold text-lg tracking-tight">
          <SpecText spec={image.spec} />
          <CopyButton text={image.spec} label="Copy the name of the image" />
        </h1>
        {statuses.length > 0 && (
          <span className="flex flex-wrap gap-1">
            <StatusBadges statuses={statuses} />
          </span>
        )}
        <div className="ml-auto flex flex-wrap justify-end gap-2">
          <ActionButtons actions={actions} />
          <ActionMenu
            actions={actions.filter(({ placement }) => placement === "menu")}
            label="More actions"
            className="size-8"
          />
        </div>
      </div>
      {image.error !== undefined && <ProblemCallout problem={image.error} />}
    </header>
  );
}

const TABS = ["summary", "snapshots", "family", "backups", "activity"] as const;

/** The tabs of the page. The URL holds which one is open. */
function ImageTabs({ image }: { image: ImageDetail }) {
  const [wanted, setTab] = useQueryState(
    "tab",
    parseAsStringLiteral(TABS).withDefault("summary").withOptions({ history: "push" }),
  );
  const tasks = useImageTasks(image);
  const backups = useImageBackups(image).data?.source?.points;
  const tab = wanted === "activity" && tasks.length === 0 ? "summary" : wanted;
  const family = image.ancestors.length + image.children.length;
  const known = image.state === "ok";

  return (
    <Tabs value={tab} onValueChange={(next) => void setTab(TABS.find((tab) => tab === next) ?? null)}>
      <TabsList>
        <Tab value="summary">Summary</Tab>
        <Tab value="snapshots">Snapshots {known && <Amount>{image.snapshots.length}</Amount>}</Tab>
        <Tab value="family">Family {known && <Amount>{family}</Amount>}</Tab>
        <Tab value="backups">Backups {backups !== undefined && <Amount>{backups}</Amount>}</Tab>
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
        <SnapshotChain image={image} />
      </TabPanel>
      <TabPanel value="family" className="pt-4">
        <FamilyTab image={image} />
      </TabPanel>
      <TabPanel value="backups" className="flex flex-col gap-4 pt-4">
        <BackupsTab image={image} />
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

/** The page before the image has been loaded. */
function ImageSkeleton() {
  return (
    <div aria-busy="true" className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <span role="status" className="sr-only">
        Loading the image
      </span>
      <Skeleton className="w-48" />
      <div className="flex justify-between">
        <Skeleton className="h-6 w-72" />
        <Skeleton className="h-8 w-24" />
      </div>
      <div className="h-9 border-line border-b" />
      <div className="grid gap-4 lg:grid-cols-2">
        <Skeleton className="h-64 w-full rounded-lg" />
        <Skeleton className="h-64 w-full rounded-lg" />
      </div>
    </div>
  );
}
