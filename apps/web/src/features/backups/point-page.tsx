"use client";

import type { PointDetail, PointView } from "@coppice/server/router";
import { skipToken, useQuery } from "@tanstack/react-query";
import { Archive, ShieldCheck } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { Breadcrumbs, useTitle } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { ButtonLink, CopyButton } from "#components/ui/button.tsx";
import { Badge, Callout, Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, FactList, SpecText, Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { absoluteTime, exactBytes, formatDuration, plural } from "#lib/format.ts";
import { healthOf } from "./history/lanes.ts";
import { capital, faultOf, KIND, KindMark } from "./history/point-facts.tsx";
import { PointActions } from "./point-actions.tsx";

/** One restore point: everything that is known of it, what can be done with it, and the commands that restore it. */
export function PointPage() {
  const links = useLinks();
  const [target] = useQueryState("target", parseAsString.withDefault(""));
  const [id] = useQueryState("id", parseAsString.withDefault(""));
  const isNamed = target !== "" && id !== "";
  const detail = useQuery(trpc.backups.point.queryOptions(isNamed ? { target, backup: id } : skipToken));
  const at = detail.data?.point.at ?? null;
  useTitle(at === null ? null : `Backup of ${absoluteTime(new Date(at))}`);
  const problem = detail.isError ? toProblem(detail.error) : null;

  const isUnknown = problem?.code === "BACKUP_UNKNOWN" || problem?.code === "TARGET_UNKNOWN";
  if (!isNamed || (isUnknown && problem !== null)) {
    return (
      <EmptyState
        icon={Archive}
        heading="h1"
        title="Backup not found"
        actions={<ButtonLink href={links.backups()}>All backups</ButtonLink>}
      >
        {problem === null ? "Choose a backup from the list." : `${problem.message} ${problem.hint ?? ""}`}
      </EmptyState>
    );
  }
  if (detail.data === undefined) {
    if (problem === null) return <PointSkeleton />;
    return (
      <ErrorState
        heading="h1"
        title="The backup could not be loaded"
        problem={problem}
        onRetry={() => void detail.refetch()}
      />
    );
  }
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      {problem !== null && (
        <StaleNotice
          problem={problem}
          since={new Date(detail.dataUpdatedAt).toISOString()}
          onRetry={() => void detail.refetch()}
        />
      )}
      <PointHeader detail={detail.data} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="grid gap-4">
          <RecordPanel detail={detail.data} />
          <ChecksPanel point={detail.data.point} />
        </div>
        <CommandsPanel detail={detail.data} />
      </div>
    </div>
  );
}

function PointHeader({ detail: { point, source } }: { detail: PointDetail }) {
  const links = useLinks();
  const health = healthOf(point);
  const fault = faultOf({ point, health });
  const time = point.at === null ? "unknown time" : absoluteTime(new Date(point.at));
  return (
    <header className="flex flex-col gap-2">
      <Breadcrumbs
        items={[
          { href: links.backups(), label: "Backups" },
          { href: links.backupHistory(source.key, point.id), label: <SpecText spec={source.image} /> },
        ]}
        current={time}
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="flex min-w-0 items-center gap-2 font-semibold text-lg tracking-tight">
          <KindMark each={{ point, health }} />
          {KIND[point.kind]} backup of {time}
        </h1>
        {point.protected && (
          <Badge tone="info">
            <ShieldCheck aria-hidden />
            Protected
          </Badge>
        )}
        <div className="ml-auto">
          <PointActions point={point} size="md" />
        </div>
      </div>
      {fault !== null && (
        <Callout kind={health === "removing" ? "info" : "danger"} title={fault}>
          {point.brokenBy !== null && (
            <>
              The backup <span className="font-mono text-xs">{point.brokenBy}</span> is the cause. Restore an
              earlier one, or make a full backup to begin a new chain.
            </>
          )}
        </Callout>
      )}
    </header>
  );
}

/** What the record of the point holds. */
function RecordPanel({ detail: { point, target, needs, source } }: { detail: PointDetail }) {
  const links = useLinks();
  const labels = Object.entries(point.labels);
  const facts: (readonly [string, ReactNode])[] = [
    ["Image", <SpecText key="image" spec={source.image} className="text-xs" />],
    [
      "Taken",
      point.at === null ? (
        "Unknown"
      ) : (
        <Time key="at" at={point.at} show="both" className="whitespace-normal" />
      ),
    ],
    ["Kind", KIND[point.kind]],
    ...(point.why === null ? [] : [["Reason", `${capital(point.why)}.`] as const]),
    [
      "Size",
      <span key="size">
        <Bytes value={point.size} /> <span className="text-ink-3">· {exactBytes(point.size)}</span>
      </span>,
    ],
    ["Stored", point.storedBytes === null ? "Unknown" : <Bytes key="stored" value={point.storedBytes} />],
    ["Duration", point.duration === null ? "Unknown" : formatDuration(point.duration / 1000)],
    [
      "Completed",
      point.completedAt === null ? (
        "Unknown"
      ) : (
        <Time key="completed" at={point.completedAt} show="both" className="whitespace-normal" />
      ),
    ],
    [
      "Target",
      <span key="target">
        {target.name} <span className="text-ink-3">· {target.place}</span>
      </span>,
    ],
    ["Chain", <Id key="chain" text={point.chain} label="Copy the name of the chain" />],
    ["Id", <Id key="id" text={point.id} label="Copy the id of the backup" />],
    ...(point.parent === null
      ? []
      : ([
          [
            "Builds on",
            <ButtonLink
              key="parent"
              href={links.backup(point.target, point.parent)}
              size="sm"
              variant="ghost"
              className="-mx-2 h-5 font-mono"
            >
              {point.parent}
            </ButtonLink>,
          ],
        ] as const)),
    ["Made of", plural(needs.length, "restore point")],
    [
      "Snapshot of the image",
      point.snapshot === null ? (
        "Unknown"
      ) : (
        <span key="snapshot">
          <span className="wrap-anywhere font-mono text-xs">{point.snapshot.name}</span>
          <span className="block text-2xs text-ink-3">{snapshotState(point.snapshot.exists)}</span>
        </span>
      ),
    ],
    ...(point.set === null ? [] : [["Set", <Id key="set" text={point.set} label="Copy the set" />] as const]),
    [
      "Labels",
      labels.length === 0 ? (
        "None"
      ) : (
        <ul key="labels" className="flex flex-wrap gap-1">
          {labels.map(([name, value]) => (
            <li key={name}>
              <Badge className="font-mono">
                {name}={value}
              </Badge>
            </li>
          ))}
        </ul>
      ),
    ],
  ];
  return (
    <Panel title="Record">
      <FactList className="p-4" facts={facts} />
    </Panel>
  );
}

function snapshotState(exists: boolean | null): string {
  if (exists === null) return "whether it is there is not known";
  return exists
    ? "still on the image: an in-place restore reads only what changed since"
    : "no longer on the image";
}

function Id({ text, label }: { text: string; label: string }) {
  return (
    <span className="inline-flex items-center gap-1">
      <span className="wrap-anywhere font-mono text-xs">{text}</span>
      <CopyButton text={text} label={label} />
    </span>
  );
}

const DEPTHS = [
  ["quick", "Quick", "Everything is there, and a sample of the data is right."],
  ["deep", "Deep", "All of the data was read and compared with its digests."],
  ["source", "Source", "The image's snapshot was compared with the digests of the backup."],
] as const;

/** The last check of each depth. */
function ChecksPanel({ point: { checks, origin } }: { point: PointView }) {
  return (
    <Panel title="Verification">
      <ul className="divide-y divide-line">
        {DEPTHS.map(([depth, name, meaning]) => {
          const check = checks[depth];
          return (
            <li key={depth} className="px-4 py-2.5">
              <div className="flex items-center justify-between gap-3">
                <span className="font-medium">{name}</span>
                {check === null ? (
                  <span className="text-ink-3">{origin === "cinder" ? "Not possible yet" : "Not yet"}</span>
                ) : (
                  <span className="flex items-center gap-2">
                    <Badge tone={check.ok ? "brand" : "danger"}>{check.ok ? "OK" : "Damaged"}</Badge>
                    <Time at={check.at} />
                  </span>
                )}
              </div>
              <p className="text-ink-3 text-xs">
                {meaning}
                {check !== null && (
                  <>
                    {" "}
                    Compared <Bytes value={check.bytes} />.
                  </>
                )}
              </p>
              {check !== null && check.problems.length > 0 && (
                <ul className="mt-1 list-disc pl-5 text-danger text-xs">
                  {check.problems.map((text) => (
                    <li key={text} className="wrap-anywhere">
                      {text}
                    </li>
                  ))}
                  {check.problemCount > check.problems.length && (
                    <li>and {check.problemCount - check.problems.length} more</li>
                  )}
                </ul>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** Plain commands that restore the point without this product. */
function CommandsPanel({ detail: { commands } }: { detail: PointDetail }) {
  return (
    <Panel title="Restore without Coppice">
      <div className="flex flex-col gap-4 p-4">
        <p className="text-ink-2">
          The backup is kept in Ceph's own formats. These commands restore it on any machine that reaches it.
        </p>
        {commands.map(({ title, commands: lines }) => {
          const text = lines.join("\n");
          return (
            <section key={title} aria-label={title}>
              <div className="mb-1 flex items-center justify-between gap-2">
                <h3 className="font-medium text-xs">{title}</h3>
                <CopyButton text={text} label={`Copy the commands: ${title}`} />
              </div>
              <pre
                // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
                tabIndex={0}
                className="max-h-72 overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs leading-5"
              >
                {text}
              </pre>
            </section>
          );
        })}
        {commands.length === 0 && <p className="text-ink-3">No commands are known for this backup.</p>}
      </div>
    </Panel>
  );
}

function PointSkeleton() {
  return (
    <div aria-busy="true" className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <span role="status" className="sr-only">
        Loading the backup
      </span>
      <Skeleton className="w-64" />
      <Skeleton className="h-6 w-80" />
      <div className="grid gap-4 lg:grid-cols-2">
        <Skeleton className="h-96 w-full rounded-lg" />
        <Skeleton className="h-64 w-full rounded-lg" />
      </div>
    </div>
  );
}
