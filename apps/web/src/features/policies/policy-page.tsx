"use client";

import type { Job, PolicyView } from "@coppice/server/router";
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { CalendarClock, Pencil, Play, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { parseAsString, useQueryState } from "nuqs";
import { useState } from "react";
import { Breadcrumbs, useTitle } from "#components/page.tsx";
import { EmptyState, ErrorState, ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { Badge, Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { toast } from "#components/ui/toast.tsx";
import { FactList, Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";
import { DrillTrend } from "./drill-trend.tsx";
import { ImageCounts, PauseButton } from "./policies-page.tsx";
import { JOB, retentionInWords, selectionInWords } from "./policy-words.ts";
import { RunsPanel } from "./runs-panel.tsx";

/** One policy: what it says, when it is due, its runs with what became of each image, and the trend of its drills. */
export function PolicyPage() {
  const links = useLinks();
  const [id] = useQueryState("id", parseAsString.withDefault(""));
  const query = useQuery(trpc.policies.get.queryOptions(id === "" ? skipToken : { id }));
  const policy = query.data;
  useTitle(policy?.definition.name ?? null);
  const problem = query.isError ? toProblem(query.error) : null;
  if (id === "" || problem?.code === "POLICY_UNKNOWN") {
    return (
      <EmptyState
        icon={CalendarClock}
        heading="h1"
        title="Policy not found"
        actions={<ButtonLink href={links.policies()}>All policies</ButtonLink>}
      >
        It may have been removed.
      </EmptyState>
    );
  }
  if (policy === undefined) {
    if (problem !== null) {
      return (
        <ErrorState
          heading="h1"
          title="The policy could not be loaded"
          problem={problem}
          onRetry={() => void query.refetch()}
        />
      );
    }
    return (
      <div aria-busy="true" className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
        <Skeleton className="h-6 w-56" />
        <Skeleton className="h-40 w-full" />
        <Skeleton className="h-64 w-full" />
      </div>
    );
  }
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <Breadcrumbs items={[{ href: links.policies(), label: "Policies" }]} current={policy.definition.name} />
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="wrap-anywhere min-w-0 font-semibold text-lg tracking-tight">
          {policy.definition.name}
        </h1>
        {policy.paused && <Badge tone="warn">Paused</Badge>}
        <ImageCounts policy={policy} />
        <div className="ml-auto flex flex-wrap items-center gap-2">
          <Actions policy={policy} />
        </div>
      </header>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Schedules policy={policy} />
        <Rules policy={policy} />
      </div>
      <RunsPanel policyId={policy.id} />
      {policy.definition.drill !== null && <DrillTrend policyId={policy.id} />}
    </div>
  );
}

function Actions({ policy }: { policy: PolicyView }) {
  const links = useLinks();
  const mayOperate = useMayOperate();
  const [removing, setRemoving] = useState(false);
  if (!mayOperate) return null;
  return (
    <>
      <PauseButton policy={policy} />
      <ButtonLink size="sm" href={links.editPolicy(policy.id)}>
        <Pencil aria-hidden />
        Edit
      </ButtonLink>
      <Button size="sm" variant="danger" onClick={() => setRemoving(true)}>
        <Trash2 aria-hidden />
        Remove…
      </Button>
      <Dialog open={removing} onOpenChange={setRemoving}>
        <DialogContent
          title={`Remove ${policy.definition.name}?`}
          description="Its schedules end, and the list of its runs goes with it. The backups that it made stay."
        >
          <RemoveForm policy={policy} onClose={() => setRemoving(false)} />
        </DialogContent>
      </Dialog>
    </>
  );
}

function RemoveForm({ policy, onClose }: { policy: PolicyView; onClose: () => void }) {
  const links = useLinks();
  const router = useRouter();
  const remove = useMutation(
    trpc.policies.remove.mutationOptions({
      onSuccess: () => {
        toast(`${policy.definition.name} was removed`, { tone: "good" });
        router.push(links.policies());
      },
    }),
  );
  return (
    <div className="flex flex-col gap-4 p-4">
      {policy.images !== null && policy.images.total > 0 && (
        <p className="text-ink-2">
          {plural(policy.images.total, "image")} may be without protection afterwards.
        </p>
      )}
      {remove.isError && <ProblemCallout problem={toProblem(remove.error)} announce />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button variant="danger" disabled={remove.isPending} onClick={() => remove.mutate({ id: policy.id })}>
          Remove the policy
        </Button>
      </div>
    </div>
  );
}

/** Each job with its schedule in words and the next times, in the policy's own time zone. */
function Schedules({ policy: { id, jobs, definition, paused } }: { policy: PolicyView }) {
  return (
    <Panel title="Schedules" aside={<span className="text-ink-3 text-xs">{definition.timeZone}</span>}>
      <ul className="divide-y divide-line">
        {jobs.map(({ job, words, cron, next }) => (
          <li key={job} className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3">
            <div className="min-w-0 flex-1">
              <p className="font-medium">{JOB[job].label}</p>
              <p className="text-ink-2 text-xs">
                {words} <code className="font-mono text-ink-3">{cron}</code>
              </p>
              <p className="mt-1 text-ink-2 text-xs">
                {paused
                  ? "Paused: it is due again when the policy is resumed."
                  : next.map((at, index) => (
                      <span key={at}>
                        {index === 0 ? "Next: " : ", then "}
                        <Time at={at} show={index === 0 ? "both" : "relative"} />
                      </span>
                    ))}
              </p>
            </div>
            <RunButton id={id} job={job} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function RunButton({ id, job }: { id: string; job: Job }) {
  const mayOperate = useMayOperate();
  const [, setRun] = useQueryState("run", parseAsString);
  const run = useMutation(
    trpc.policies.run.mutationOptions({
      onSuccess: ({ runId }) => void setRun(runId),
      onError: (error) => {
        const { message, hint } = toProblem(error);
        toast("Nothing was begun", { tone: "bad", description: [message, hint].filter(Boolean).join(" ") });
      },
    }),
  );
  if (!mayOperate) return null;
  return (
    <Button size="sm" disabled={run.isPending} onClick={() => run.mutate({ id, job })}>
      <Play aria-hidden />
      {JOB[job].run}
    </Button>
  );
}

function Rules({ policy: { definition, target } }: { policy: PolicyView }) {
  const { select, backup, retention, verify, drill, backupWithinHours, verifyWithinDays } = definition;
  const mode =
    backup.mode === "full"
      ? "Always full"
      : backup.chainPoints === null
        ? "Incremental where possible"
        : `Incremental, full after ${plural(backup.chainPoints, "point")}`;
  return (
    <Panel title="Rules">
      <FactList
        className="p-4"
        facts={[
          ["Images", <span className="font-mono text-xs">{selectionInWords(select)}</span>],
          ["Target", target.name ?? "It was removed from the list of targets"],
          ["Mode", mode],
          ["Retention", retentionInWords(retention)],
          ["Objective", `A backup within ${plural(backupWithinHours, "hour")}`],
          [
            "Checks",
            verify === null
              ? "None"
              : `${verify.depth === "deep" ? "Deep" : "Quick"}${
                  verifyWithinDays === null ? "" : `, wanted within ${plural(verifyWithinDays, "day")}`
                }`,
          ],
          [
            "Drills",
            drill === null ? "None" : `${plural(drill.images, "image")} each time, in pool ${drill.pool}`,
          ],
          [
            "Load",
            `${plural(definition.parallel, "image")} at once${
              definition.jitterMinutes === 0
                ? ""
                : `, spread over ${plural(definition.jitterMinutes, "minute")}`
            }`,
          ],
        ]}
      />
    </Panel>
  );
}
