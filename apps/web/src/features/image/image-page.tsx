"use client";

import type { ImageDetail } from "@coppice/server/router";
import { skipToken, useQuery } from "@tanstack/react-query";
import { Copy, HardDrive, Network } from "lucide-react";
import { parseAsString, parseAsStringLiteral, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { MarkBadges, marksOf } from "#components/marks.tsx";
import { Breadcrumbs, useTitle } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { Button, ButtonLink, CopyButton } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Tab, TabPanel, Tabs, TabsList } from "#components/ui/tabs.tsx";
import { SpecText } from "#components/values.tsx";
import { useCloneDialog } from "#features/clone/clone-dialog.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount } from "#lib/format.ts";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageLink, imageRef, lineageLink } from "#lib/links.ts";
import { ActivityTab, useImageTasks } from "./activity-tab.tsx";
import { FamilyTab } from "./family-tab.tsx";
import { SnapshotsTab } from "./snapshots-tab.tsx";
import { SummaryTab } from "./summary-tab.tsx";

/** One image. `spec` in the address is its name, or its key where the name is not enough. */
export function ImagePage() {
  const [spec] = useQueryState("spec", parseAsString.withDefault(""));
  const image = useQuery(trpc.images.get.queryOptions(spec === "" ? skipToken : { spec }));
  useTitle(image.data?.spec ?? null);
  const problem = image.isError ? toProblem(image.error) : null;

  if (spec === "") {
    return (
      <EmptyState
        icon={HardDrive}
        heading="h1"
        title="No image is named"
        actions={<ButtonLink href="/images/">All images</ButtonLink>}
      >
        The address of an image ends with its name:{" "}
        <code className="font-mono text-xs">?spec=pool/image</code>.
      </EmptyState>
    );
  }
  if (problem?.code === "IMAGE_UNKNOWN") {
    return (
      <EmptyState
        icon={HardDrive}
        heading="h1"
        title="There is no such image"
        actions={<ButtonLink href="/images/">All images</ButtonLink>}
      >
        <span className="wrap-anywhere font-mono text-xs">{spec}</span> is not in this cluster. It may have
        been renamed or removed.
      </EmptyState>
    );
  }
  if (image.data === undefined) {
    if (problem === null) return <ImageSkeleton />;
    return (
      <ErrorState
        heading="h1"
        title="This image cannot be shown"
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

/** Where the image comes from, its name, what is to be pointed out, and what can be done. */
export function ImageHeader({ image }: { image: ImageDetail }) {
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();
  const marks = marksOf(image);
  return (
    <header className="flex flex-col gap-2">
      <Breadcrumbs
        items={[
          { href: "/images/", label: "Images" },
          ...image.ancestors.map(({ key, spec, snapshot }) => ({
            href: imageLink(key),
            label: <SpecText spec={spec} />,
            note: snapshot,
          })),
        ]}
        current={<span className="font-mono">{image.name}</span>}
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="flex min-w-0 items-center gap-1 font-semibold text-lg tracking-tight">
          <SpecText spec={image.spec} />
          <CopyButton text={image.spec} label="Copy the image’s name" />
        </h1>
        {marks.length > 0 && (
          <span className="flex flex-wrap gap-1">
            <MarkBadges marks={marks} />
          </span>
        )}
        <div className="ml-auto flex gap-2">
          <ButtonLink href={lineageLink(imageRef(image))}>
            <Network aria-hidden />
            Lineage
          </ButtonLink>
          {mayOperate && mayClone(image) && (
            <Button variant="primary" onClick={() => openClone(image.spec)}>
              <Copy aria-hidden />
              Clone…
            </Button>
          )}
        </div>
      </div>
      {image.error !== undefined && (
        <Callout kind="danger" title={image.error.message}>
          {image.error.hint}
          <span className="mt-1 block font-mono text-2xs text-ink-3">{image.error.code}</span>
        </Callout>
      )}
    </header>
  );
}

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

/** An image's page before it has arrived. */
export function ImageSkeleton() {
  return (
    <div aria-busy="true" className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <span role="status" className="sr-only">
        Reading the image
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
