import type { DrillRow, PolicyView, ProtectionSummary } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, CircleX, type LucideIcon, ShieldAlert, ShieldCheck } from "lucide-react";
import Link from "next/link";
import { ProblemCallout } from "#components/state.tsx";
import { ButtonLink } from "#components/ui/button.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, Time } from "#components/values.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { formatBytes, formatCount, formatDuration, plural } from "#lib/format.ts";
import type { Links } from "#lib/links.ts";

/** Whether all is well with the backups, in one sentence; what is not, each with a link; and the figures behind it. */
export function ProtectionPanel() {
  const cluster = useCluster();
  const links = useLinks();
  const mayOperate = useMayOperate();
  const summary = useQuery(trpc.protection.summary.queryOptions({ cluster }));
  const policies = useQuery(trpc.policies.list.queryOptions({ cluster })).data?.policies;
  const drills = useQuery(trpc.policies.drills.queryOptions({ id: null })).data?.rows;
  const { data } = summary;
  if (data === undefined || policies === undefined) {
    return (
      <Panel title="Protection">
        {summary.isError ? (
          <div className="p-4">
            <ProblemCallout problem={toProblem(summary.error)} />
          </div>
        ) : (
          <div aria-busy="true" className="flex flex-col gap-3 p-4">
            <Skeleton className="h-6 w-1/2" />
            <Skeleton className="w-3/4" />
          </div>
        )}
      </Panel>
    );
  }
  const issues = issuesOf(data, policies, drills ?? [], links);
  const verdict = verdictOf(data, issues);
  return (
    <Panel
      title="Protection"
      aside={
        <Link
          href={links.policies()}
          className="rounded-sm text-ink-2 text-xs hover:text-ink hover:underline"
        >
          All policies
        </Link>
      }
    >
      <div className="flex flex-wrap items-center gap-3 p-4">
        <verdict.icon aria-hidden className={cn("size-6 shrink-0", COLOUR[verdict.tone])} />
        <p className="min-w-0 flex-1 font-medium text-base">{verdict.text}</p>
        {data.policies === 0 && mayOperate && (
          <ButtonLink href={links.editPolicy()} variant="primary">
            Create a policy
          </ButtonLink>
        )}
      </div>
      <Coverage summary={data} links={links} />
      {issues.length > 0 && (
        <ul aria-label="What is not well" className="divide-y divide-line border-line border-t">
          {issues.map(({ key, href, tone, icon: Icon, text }) => (
            <li key={key}>
              <Link
                href={href}
                prefetch={false}
                className="flex items-center gap-2.5 px-4 py-2 hover:bg-hover focus-visible:-outline-offset-2"
              >
                <Icon aria-hidden className={cn("size-4 shrink-0", COLOUR[tone])} />
                <span className="wrap-anywhere min-w-0">{text}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <div className="grid border-line border-t sm:grid-cols-2">
        <LastDrill drill={drills?.[0]} policies={policies} links={links} />
        <Growth growth={data.growth} />
      </div>
    </Panel>
  );
}

type Tone = "good" | "warn" | "bad";
const COLOUR: Record<Tone, string> = { good: "text-brand", warn: "text-warn", bad: "text-danger" };

interface Issue {
  key: string;
  href: string;
  tone: Tone;
  icon: LucideIcon;
  text: string;
}

/** What is not well, the worst first. Each leads to where something can be done. */
export function issuesOf(
  summary: ProtectionSummary,
  policies: readonly PolicyView[],
  drills: readonly DrillRow[],
  links: Links,
): Issue[] {
  const { states, verifyLate, problems } = summary;
  const bad = (key: string, href: string, text: string): Issue => ({
    key,
    href,
    text,
    tone: "bad",
    icon: CircleX,
  });
  const warn = (key: string, href: string, text: string): Issue => ({
    key,
    href,
    text,
    tone: "warn",
    icon: CircleAlert,
  });
  const issues: Issue[] = problems.map(({ target, error }) =>
    bad(`target/${target}`, links.policies(), `The target ${target} cannot be read: ${error.message}`),
  );
  if (states.late > 0) {
    issues.push(
      bad("late", links.protection("late"), `${plural(states.late, "image")} without a backup in time`),
    );
  }
  for (const { id, definition, jobs } of policies) {
    for (const { job, lastRun } of jobs) {
      if (lastRun?.state !== "failed") continue;
      const { failed, total } = lastRun.counts;
      const what = { backup: "backup", verify: "verification", drill: "restore drill" }[job];
      const text = `The last ${what} of ${definition.name} failed${total === 0 ? "" : ` for ${failed} of ${plural(total, "image")}`}`;
      issues.push(bad(`${id}/${job}`, links.policy(id, lastRun.id), text));
    }
  }
  const [lastDrill] = drills;
  if (
    lastDrill !== undefined &&
    !lastDrill.ok &&
    !issues.some(({ key }) => key === `${lastDrill.policyId}/drill`)
  ) {
    issues.push(
      bad("drill", links.policy(lastDrill.policyId), `The last restore drill, of ${lastDrill.image}, failed`),
    );
  }
  if (states.unprotected > 0 && summary.policies > 0) {
    const text = `${plural(states.unprotected, "image")} that no policy protects`;
    issues.push(warn("unprotected", links.protection("unprotected"), text));
  }
  if (verifyLate > 0) {
    const text = `${plural(verifyLate, "image")} whose backups were not verified in time`;
    issues.push(warn("verify", links.protection("verify"), text));
  }
  if (summary.paused > 0) {
    issues.push(warn("paused", links.policies(), `${plural(summary.paused, "policy", "policies")} paused`));
  }
  return issues;
}

function verdictOf(
  { states, policies, total }: ProtectionSummary,
  issues: readonly Issue[],
): { icon: LucideIcon; tone: Tone; text: string } {
  if (issues.some(({ tone }) => tone === "bad")) {
    return { icon: ShieldAlert, tone: "bad", text: "Some backups need attention." };
  }
  if (policies === 0) {
    const text = total === 0 ? "There are no images yet." : "Nothing is backed up on a schedule yet.";
    return { icon: ShieldAlert, tone: "warn", text };
  }
  if (issues.length > 0)
    return { icon: ShieldAlert, tone: "warn", text: "Backups run; some things are left to do." };
  const text =
    states.pending > 0
      ? "All is well. Some first backups are still to come."
      : "All is well. Every image is protected.";
  return { icon: ShieldCheck, tone: "good", text };
}

const PARTS = [
  { state: "fresh", label: "Protected", fill: "bg-brand" },
  { state: "pending", label: "Pending", fill: "bg-info" },
  { state: "late", label: "Late", fill: "bg-danger" },
  { state: "unknown", label: "Unknown", fill: "bg-warn" },
  { state: "unprotected", label: "Unprotected", fill: "bg-line-strong" },
] as const;

/** All images as one bar, by how well they are protected. Each part is a link to its images. */
function Coverage({ summary: { states, total }, links }: { summary: ProtectionSummary; links: Links }) {
  const parts = PARTS.filter(({ state }) => states[state] > 0);
  if (total === 0) return null;
  return (
    <div className="px-4 pb-4">
      <div aria-hidden className="flex h-2 gap-px overflow-hidden rounded-full bg-hover">
        {parts.map(({ state, fill }) => (
          <span key={state} className={fill} style={{ width: `${(states[state] / total) * 100}%` }} />
        ))}
      </div>
      <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1">
        {parts.map(({ state, label, fill }) => (
          <li key={state}>
            <Link
              href={links.protection(state)}
              prefetch={false}
              className="flex items-center gap-1.5 rounded-sm text-ink-2 text-xs hover:text-ink hover:underline"
            >
              <span aria-hidden className={cn("size-2 rounded-full", fill)} />
              {label} <span className="tabular-nums">{formatCount(states[state])}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

function LastDrill({
  drill,
  policies,
  links,
}: {
  drill: DrillRow | undefined;
  policies: readonly PolicyView[];
  links: Links;
}) {
  const planned = policies.find(({ definition }) => definition.drill !== null);
  return (
    <div className="px-4 py-3">
      <p className="text-ink-3 text-xs">Last restore drill</p>
      {drill === undefined ? (
        <p className="mt-0.5 text-ink-2">
          {planned === undefined ? "None is planned" : <Link href={links.policy(planned.id)}>None yet</Link>}
        </p>
      ) : (
        <Link
          href={links.policy(drill.policyId)}
          prefetch={false}
          className="mt-0.5 flex flex-wrap items-center gap-1.5 rounded-sm hover:underline"
        >
          {drill.ok ? (
            <CircleCheck aria-label="Succeeded" className="size-4 text-brand" />
          ) : (
            <CircleX aria-label="Failed" className="size-4 text-danger" />
          )}
          <Time at={drill.at} />
          {drill.ok && drill.seconds !== null && (
            <span className="text-ink-2">restored in {formatDuration(drill.seconds)}</span>
          )}
        </Link>
      )}
    </div>
  );
}

/** What backups wrote day by day. */
function Growth({ growth }: { growth: ProtectionSummary["growth"] }) {
  const sum = growth.reduce((bytes, day) => bytes + day.bytes, 0);
  const most = Math.max(...growth.map(({ bytes }) => bytes), 1);
  return (
    <div className="flex items-end gap-3 border-line border-t px-4 py-3 sm:border-t-0 sm:border-l">
      <div className="shrink-0">
        <p className="text-ink-3 text-xs">Growth in {growth.length} days</p>
        <Bytes value={sum} className="mt-0.5 block" />
      </div>
      <div
        role="img"
        aria-label={`Bytes that backups wrote on each day, at most ${formatBytes(most)}`}
        className="flex h-8 min-w-0 flex-1 items-end gap-px"
      >
        {growth.map(({ day, bytes, backups }) => (
          <span
            key={day}
            title={`${day}: ${formatBytes(bytes)} in ${plural(backups, "backup")}`}
            style={{ height: `${Math.max(4, (bytes / most) * 100)}%` }}
            className={cn("flex-1 rounded-t-[1px]", bytes === 0 ? "bg-line" : "bg-brand")}
          />
        ))}
      </div>
    </div>
  );
}
