"use client";

import type { PolicyJobView, PolicyView } from "@coppice/server/router";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Bell, CalendarClock, Pause, Play, Plus } from "lucide-react";
import Link from "next/link";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Segmented } from "#components/ui/form.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { toast } from "#components/ui/toast.tsx";
import { Time } from "#components/values.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate, useMe } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";
import {
  countsInWords,
  JOB,
  PROTECTION,
  RUN_STATE,
  retentionInWords,
  selectionInWords,
} from "./policy-words.ts";
import { ProtectedImages } from "./protected-images.tsx";

const SHOWN = [
  { value: "policies", label: "Policies" },
  { value: "images", label: "Images" },
] as const;

/** Every policy with its schedules and how they fare; and how well each image is protected. */
export function PoliciesPage() {
  const links = useLinks();
  const mayOperate = useMayOperate();
  const isAdmin = useMe().user.role === "admin";
  const [show, setShow] = useQueryState(
    "show",
    parseAsStringLiteral(SHOWN.map(({ value }) => value)).withDefault("policies"),
  );
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <PageHeader title="Policies">
        <Segmented label="Show" value={show} onValueChange={(next) => void setShow(next)} options={SHOWN} />
        {isAdmin && (
          <ButtonLink href={links.notifications()} aria-label="Notifications">
            <Bell aria-hidden />
            <span className="hidden sm:inline">Notifications</span>
          </ButtonLink>
        )}
        {mayOperate && (
          <ButtonLink href={links.editPolicy()} variant="primary">
            <Plus aria-hidden />
            New policy
          </ButtonLink>
        )}
      </PageHeader>
      {show === "policies" ? <PolicyList /> : <ProtectedImages />}
    </div>
  );
}

function PolicyList() {
  const links = useLinks();
  const mayOperate = useMayOperate();
  const query = useQuery(trpc.policies.list.queryOptions({ cluster: useCluster() }));
  const problem = query.isError ? toProblem(query.error) : null;
  const policies = query.data?.policies;
  if (policies === undefined) {
    if (problem !== null) {
      return (
        <ErrorState
          title="The policies could not be loaded"
          problem={problem}
          onRetry={() => void query.refetch()}
        />
      );
    }
    return (
      <div aria-busy="true" className="flex flex-col gap-4">
        {[1, 2].map((index) => (
          <div key={index} className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-4">
            <Skeleton className="w-1/3" />
            <Skeleton className="w-2/3" />
            <Skeleton className="w-1/2" />
          </div>
        ))}
      </div>
    );
  }
  return (
    <>
      {problem !== null && (
        <StaleNotice
          problem={problem}
          since={new Date(query.dataUpdatedAt).toISOString()}
          onRetry={() => void query.refetch()}
        />
      )}
      {policies.length === 0 ? (
        <div className="rounded-lg border border-line bg-surface shadow-card">
          <EmptyState
            icon={CalendarClock}
            title="No policies yet"
            actions={
              mayOperate && (
                <ButtonLink href={links.editPolicy()} variant="primary">
                  Create the first policy
                </ButtonLink>
              )
            }
          >
            A policy backs images up on a schedule, checks the backups, tries to restore them, and removes
            those that are not needed any more.
          </EmptyState>
        </div>
      ) : (
        <ul className="flex flex-col gap-4">
          {policies.map((policy) => (
            <PolicyCard key={policy.id} policy={policy} />
          ))}
        </ul>
      )}
    </>
  );
}

function PolicyCard({ policy }: { policy: PolicyView }) {
  const links = useLinks();
  const { id, definition, paused, target, jobs } = policy;
  return (
    <li className="rounded-lg border border-line bg-surface shadow-card">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 border-line border-b px-4 py-2.5">
        <h2 className="min-w-0">
          <Link href={links.policy(id)} className="wrap-anywhere rounded-sm font-medium hover:underline">
            {definition.name}
          </Link>
        </h2>
        {paused && (
          <Badge tone="warn">
            <Pause aria-hidden />
            Paused
          </Badge>
        )}
        <ImageCounts policy={policy} />
        <div className="ml-auto">
          <PauseButton policy={policy} />
        </div>
      </div>
      <p className="wrap-anywhere px-4 pt-2.5 text-ink-2 text-xs">
        <span className="font-mono">{selectionInWords(definition.select)}</span> to{" "}
        {target.name ?? "a removed target"} · Retention: {retentionInWords(definition.retention)}
      </p>
      <ul className="grid gap-x-6 gap-y-3 px-4 py-3 md:grid-cols-3">
        {jobs.map((job) => (
          <JobSummary key={job.job} policyId={id} job={job} timeZone={definition.timeZone} />
        ))}
      </ul>
    </li>
  );
}

/** How many of the policy's images are how well protected. */
export function ImageCounts({ policy: { images } }: { policy: PolicyView }) {
  if (images === null) return <Badge tone="warn">State of images not known</Badge>;
  const { label, icon: Icon, tone } = images.late > 0 ? PROTECTION.late : PROTECTION.fresh;
  return (
    <span className="flex flex-wrap items-center gap-2">
      <span className="text-ink-2 text-xs tabular-nums">{plural(images.total, "image")}</span>
      {images.late > 0 && (
        <Badge tone={tone}>
          <Icon aria-hidden />
          {images.late} {label.toLowerCase()}
        </Badge>
      )}
      {images.late === 0 && images.fresh > 0 && (
        <Badge tone={tone}>
          <Icon aria-hidden />
          {images.fresh === images.total ? "All in time" : `${images.fresh} in time`}
        </Badge>
      )}
      {images.pending > 0 && <Badge>{images.pending} pending</Badge>}
      {images.verifyLate > 0 && <Badge tone="warn">{images.verifyLate} not verified in time</Badge>}
    </span>
  );
}

/** One schedule: in words, when it is due next, and how it went last. */
export function JobSummary({
  policyId,
  job: { job, words, next, lastRun },
  timeZone,
}: {
  policyId: string;
  job: PolicyJobView;
  timeZone: string;
}) {
  const links = useLinks();
  const [first] = next;
  const look = lastRun === null ? null : RUN_STATE[lastRun.state];
  return (
    <li className="min-w-0">
      <p className="font-medium text-xs">{JOB[job].label}</p>
      <p className="text-ink-2 text-xs" title={timeZone}>
        {words}
        {first === undefined ? "" : ", next "}
        {first !== undefined && <Time at={first} />}
      </p>
      <p className="mt-1 text-xs">
        {lastRun === null || look === null ? (
          <span className="text-ink-3">Has not run yet</span>
        ) : (
          <Link
            href={links.policy(policyId, lastRun.id)}
            className="inline-flex flex-wrap items-center gap-1.5 rounded-sm hover:underline"
          >
            <Badge tone={look.tone}>
              <look.icon aria-hidden />
              {look.label}
            </Badge>
            <span className="text-ink-2">
              <Time at={lastRun.endedAt ?? lastRun.startedAt ?? lastRun.dueAt} />,{" "}
              {countsInWords(lastRun.counts)}
            </span>
          </Link>
        )}
      </p>
    </li>
  );
}

export function PauseButton({ policy: { id, definition, paused } }: { policy: PolicyView }) {
  const mayOperate = useMayOperate();
  const change = useMutation(
    trpc.policies.setPaused.mutationOptions({
      onError: (error) =>
        toast("The policy was not changed", { tone: "bad", description: toProblem(error).message }),
    }),
  );
  if (!mayOperate) return null;
  return (
    <Button
      size="sm"
      aria-label={paused ? `Resume ${definition.name}` : `Pause ${definition.name}`}
      disabled={change.isPending}
      onClick={() => change.mutate({ id, paused: !paused })}
    >
      {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
      {paused ? "Resume" : "Pause"}
    </Button>
  );
}
