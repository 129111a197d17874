"use client";

import type { BackupChainView, PointView, SourceDetail } from "@coppice/server/router";
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { Archive, HardDrive, Save, Scissors } from "lucide-react";
import { useRouter } from "next/navigation";
import { debounce, parseAsString, useQueryState } from "nuqs";
import { useMemo } from "react";
import { Breadcrumbs, useTitle } from "#components/page.tsx";
import { EmptyState, ErrorState, ProblemCallout, StaleNotice } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Callout, Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, FactList, SpecText, Time } from "#components/values.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatDuration, plural } from "#lib/format.ts";
import { TargetProblems } from "./backups-page.tsx";
import { BackUpDialog, PruneDialog } from "./dialogs/index.ts";
import { HistoryLegend, HistoryPicture } from "./history/history-picture.tsx";
import { HistoryTable } from "./history/history-table.tsx";
import { healthOf, type Lane, type LanePoint, layLanes } from "./history/lanes.ts";
import { capital, describePoint, faultOf, KIND, KindMark, Verified } from "./history/point-facts.tsx";
import { PointActions } from "./point-actions.tsx";
import { SourceBadges } from "./source-table.tsx";
import { BACKUPS_REFETCH_MS } from "./targets.ts";

/** All backups of one image. The URL holds the source and the selected point. */
export function HistoryPage() {
  const links = useLinks();
  const [key] = useQueryState("source", parseAsString.withDefault(""));
  const history = useQuery(
    trpc.backups.chain.queryOptions(key === "" ? skipToken : { source: key }, {
      refetchInterval: BACKUPS_REFETCH_MS,
    }),
  );
  const source = history.data?.source ?? null;
  useTitle(source === null ? null : `Backups of ${source.image}`);
  const problem = history.isError ? toProblem(history.error) : null;

  if (history.data === undefined && key !== "") {
    if (problem === null) return <HistorySkeleton />;
    return (
      <ErrorState
        heading="h1"
        title="The backups could not be loaded"
        problem={problem}
        onRetry={() => void history.refetch()}
      />
    );
  }
  if (history.data === undefined || source === null) {
    return (
      <EmptyState
        icon={Archive}
        heading="h1"
        title="No backups of this image"
        actions={<ButtonLink href={links.backups()}>All backups</ButtonLink>}
      >
        They may have been removed, or their target is no longer in the list.
      </EmptyState>
    );
  }
  return (
    <div className="mx-auto flex max-w-7xl flex-col gap-4 p-4 md:p-6">
      {problem !== null && (
        <StaleNotice
          problem={problem}
          since={new Date(history.dataUpdatedAt).toISOString()}
          onRetry={() => void history.refetch()}
        />
      )}
      <HistoryHeader source={source} />
      <TargetProblems targets={history.data.targets} />
      <History chains={history.data.chains} label={`Backup history of ${source.image}`} />
    </div>
  );
}

type Source = NonNullable<SourceDetail["source"]>;

function HistoryHeader({ source }: { source: Source }) {
  const links = useLinks();
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const { imageKey } = source;
  return (
    <header className="flex flex-col gap-2">
      <Breadcrumbs
        items={[{ href: links.backups(), label: "Backups" }]}
        current={<SpecText spec={source.image} />}
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="min-w-0 font-semibold text-lg tracking-tight">
          <SpecText spec={source.image} />
        </h1>
        <SourceBadges row={source} />
        <div className="ml-auto flex flex-wrap justify-end gap-2">
          {imageKey !== null && (
            <ButtonLink href={links.image(imageKey)}>
              <HardDrive aria-hidden />
              Open image
            </ButtonLink>
          )}
          {mayOperate && source.origin === "coppice" && (
            <Button onClick={() => openDialog(PruneDialog, { source })}>
              <Scissors aria-hidden />
              Prune…
            </Button>
          )}
          {mayOperate && imageKey !== null && (
            <Button
              variant="primary"
              onClick={() => openDialog(BackUpDialog, { image: source.image, target: source.targets[0]?.id })}
            >
              <Save aria-hidden />
              Back up now…
            </Button>
          )}
        </div>
      </div>
      <p className="flex flex-wrap gap-x-4 gap-y-1 text-ink-2 text-xs">
        <span>{plural(source.points, "backup")}</span>
        {source.newest !== null && (
          <span>
            newest <Time at={source.newest} />
          </span>
        )}
        <span>
          <Bytes value={source.storedBytes} /> stored
        </span>
        {source.lastVerify !== null && (
          <span>
            last verified <Time at={source.lastVerify.at} />
          </span>
        )}
      </p>
    </header>
  );
}

/** The picture, the table and the selected point of some chains. The URL holds the selection. */
export function History({ chains, label }: { chains: readonly BackupChainView[]; label: string }) {
  const links = useLinks();
  const router = useRouter();
  const [wanted, setWanted] = useQueryState(
    "point",
    parseAsString.withDefault("").withOptions({ limitUrlUpdates: debounce(200) }),
  );
  const lanes = useMemo(() => layLanes(chains), [chains]);
  const points = useMemo(() => newestFirst(chains, lanes), [chains, lanes]);
  const selected = points.find(({ point }) => point.id === wanted) ?? points[0] ?? null;
  const open = (id: string) => {
    const point = points.find((each) => each.point.id === id)?.point;
    if (point !== undefined) router.push(links.backup(point.target, id));
  };
  const manyTargets = new Set(chains.map(({ target }) => target.id)).size > 1;

  return (
    <>
      <ChainNotes chains={chains} lanes={lanes} />
      {lanes.length > 0 && (
        <section
          aria-label="History"
          className="overflow-hidden rounded-lg border border-line bg-surface shadow-card"
        >
          <HistoryPicture
            label={label}
            lanes={lanes}
            selected={selected?.point.id ?? null}
            onSelect={(id) => void setWanted(id)}
            onOpen={open}
            laneLabel={(lane) => <LaneLabel lane={lane} withTarget={manyTargets} />}
            describe={describePoint}
          />
          <HistoryLegend />
        </section>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <HistoryTable
          label="Restore points, newest first"
          points={points}
          selected={selected?.point.id ?? null}
          onSelect={(id) => void setWanted(id)}
          onOpen={open}
          className="max-h-[max(20rem,calc(100dvh-24rem))] rounded-lg border border-line bg-surface shadow-card"
        />
        {selected !== null && <SelectedPoint each={selected} />}
      </div>
    </>
  );
}

/** All points for the table, also those without a time. */
function newestFirst(
  chains: readonly BackupChainView[],
  lanes: readonly Lane<PointView>[],
): LanePoint<PointView>[] {
  const laid = lanes.flatMap(({ points }) => points);
  const known = new Set(laid.map(({ point }) => point.id));
  const others = chains
    .flatMap(({ points }) => points)
    .filter(({ id }) => !known.has(id))
    .map((point) => ({ point, time: 0, health: healthOf(point) }));
  return [...laid.toSorted((a, b) => b.time - a.time), ...others];
}

function LaneLabel({ lane, withTarget }: { lane: Lane<PointView>; withTarget: boolean }) {
  const { chain, points } = lane;
  return (
    <>
      {withTarget && <span className="font-medium text-ink-2">{chain.target.name} · </span>}
      {plural(points.length, "backup")} <span className="font-mono">{shortName(chain.chain)}</span>
    </>
  );
}

/** The first letters of the id that the name of a chain ends in. */
export function shortName(chain: string): string {
  return /([0-9a-f]{8})-[0-9a-f-]{27}$/.exec(chain)?.[1] ?? chain;
}

/** What is wrong with chains, and what can be done about it. */
function ChainNotes({
  chains,
  lanes,
}: {
  chains: readonly BackupChainView[];
  lanes: readonly Lane<PointView>[];
}) {
  const holes = lanes.flatMap((lane) => lane.holes.map((hole) => ({ hole, lane })));
  return (
    <>
      {holes.map(({ hole, lane }) => (
        <Callout
          key={`${lane.key} ${hole.id}`}
          kind="danger"
          title={`A backup is missing in the chain ${shortName(lane.chain.chain)}: ${plural(hole.dependants.length, "later backup")} built on it.`}
        >
          The missing backup is <span className="font-mono text-xs">{hole.id}</span>. Make a full backup to
          begin a new chain.
        </Callout>
      ))}
      {chains.map(
        (chain) =>
          chain.origin === "cinder" && <CinderNote key={`${chain.target.id} ${chain.chain}`} chain={chain} />,
      )}
    </>
  );
}

/** Says what can be done with a chain that another program made, and offers to import it. */
function CinderNote({ chain: { chain, target, notes } }: { chain: BackupChainView }) {
  const mayOperate = useMayOperate();
  const reportEnd = useReportEnd();
  const start = useMutation(
    trpc.backups.importCinder.mutationOptions({ onSuccess: ({ taskId }) => reportEnd(taskId) }),
  );
  return (
    <>
      <Callout
        kind="info"
        title="Another program made these backups, such as OpenStack Cinder."
        actions={
          mayOperate && (
            <Button
              size="sm"
              disabled={start.isPending || start.isSuccess}
              focusableWhenDisabled
              onClick={() => start.mutate({ target: target.id, chain })}
            >
              Import the chain
            </Button>
          )
        }
      >
        {notes.join(" ")} Importing reads the chain once and gives its points records, so that they can be
        verified and restored here. Cinder can still use them.
      </Callout>
      {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
    </>
  );
}

/** The selected point in short, with the actions on it. */
function SelectedPoint({ each }: { each: LanePoint<PointView> }) {
  const links = useLinks();
  const { point } = each;
  const fault = faultOf(each);
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">
          <KindMark each={each} />
          {KIND[point.kind]} backup
        </span>
      }
      aside={
        <ButtonLink href={links.backup(point.target, point.id)} size="sm" variant="ghost">
          Details
        </ButtonLink>
      }
    >
      <div className="flex flex-col gap-3 p-4">
        {fault !== null && <Callout kind="danger" title={fault} />}
        <FactList
          facts={[
            [
              "Taken",
              point.at === null ? (
                "Unknown"
              ) : (
                <Time key="at" at={point.at} show="both" className="whitespace-normal" />
              ),
            ],
            ["Size", <Bytes key="size" value={point.size} />],
            [
              "Stored",
              point.storedBytes === null ? "Unknown" : <Bytes key="stored" value={point.storedBytes} />,
            ],
            ["Duration", point.duration === null ? "Unknown" : formatDuration(point.duration / 1000)],
            ["Verified", <Verified key="verified" point={point} />],
            ...(point.why === null ? [] : [["Reason", `${capital(point.why)}.`] as const]),
            ...(point.protected ? [["Protected", "Retention keeps it"] as const] : []),
          ]}
        />
        <PointActions point={point} />
      </div>
    </Panel>
  );
}

function HistorySkeleton() {
  return (
    <div aria-busy="true" className="mx-auto flex max-w-7xl flex-col gap-4 p-4 md:p-6">
      <span role="status" className="sr-only">
        Loading the backups
      </span>
      <Skeleton className="w-48" />
      <Skeleton className="h-6 w-72" />
      <Skeleton className="h-40 w-full rounded-lg" />
      <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <Skeleton className="h-80 w-full rounded-lg" />
        <Skeleton className="h-80 w-full rounded-lg" />
      </div>
    </div>
  );
}
