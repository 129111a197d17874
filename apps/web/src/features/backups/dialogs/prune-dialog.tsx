"use client";

import type { PointView, PrunePlanView, RetentionPolicyInput, SourceRow } from "@coppice/server/router";
import { keepPreviousData, skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input, Select, useDebounced } from "#components/ui/form.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Skeleton, Spinner } from "#components/ui/progress.tsx";
import { SpecText, Time } from "#components/values.tsx";
import { TaskRun } from "#features/tasks/task-run.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount, plural } from "#lib/format.ts";
import { HistoryLegend, HistoryPicture } from "../history/history-picture.tsx";
import { type LanePoint, layLanes } from "../history/lanes.ts";
import { capital, describePoint } from "../history/point-facts.tsx";
import { TypeName } from "./fields.tsx";
import { BackupTaskOutcome } from "./task-results.tsx";

interface PruneDialogProps {
  source: SourceRow;
  onClose: () => void;
}

const RULES = [
  ["keepLast", "Newest"],
  ["hourly", "Hourly"],
  ["daily", "Daily"],
  ["weekly", "Weekly"],
  ["monthly", "Monthly"],
  ["yearly", "Yearly"],
] as const;

type Counts = Record<(typeof RULES)[number][0], string>;

const FIRST: Counts = { keepLast: "3", hourly: "", daily: "7", weekly: "4", monthly: "12", yearly: "" };

/** Decides by a retention which backups of an image are kept, shows that on the time line, then removes the others. */
export function PruneDialog({ source, onClose }: PruneDialogProps) {
  const [taskId, setTaskId] = useState<string | null>(null);
  return (
    <DialogContent
      title="Prune backups"
      description={<SpecText spec={source.image} className="text-xs" />}
      className="max-w-4xl"
    >
      {taskId === null ? (
        <PruneForm source={source} onStarted={setTaskId} onClose={onClose} />
      ) : (
        <TaskRun
          taskId={taskId}
          starting="Starting to prune"
          onBack={() => setTaskId(null)}
          onClose={onClose}
          result={({ result }) => result && <BackupTaskOutcome result={result} />}
        />
      )}
    </DialogContent>
  );
}

/** The counts as the server takes them; null when one is no number. A rule that is empty keeps nothing. */
export function toRetention(counts: Counts, timeZone: string): RetentionPolicyInput | null {
  const rules = RULES.flatMap(([rule]) => {
    const text = counts[rule].trim().toLowerCase();
    return text === "" ? [] : [[rule, text === "all" ? "all" : Number(text)] as const];
  });
  const isValid = rules.every(([, count]) => count === "all" || (Number.isInteger(count) && count >= 0));
  return isValid && rules.length > 0 ? { ...Object.fromEntries(rules), timeZone } : null;
}

/** The ids of an image, from the key of its row; null for a source that is not known. */
function sourceIds(key: string): { fsid: string; poolId: number; imageId: string } | null {
  const found = /^([0-9a-f-]{36})\/(\d+)\/(.+)$/.exec(key);
  const [, fsid, poolId, imageId] = found ?? [];
  if (fsid === undefined || poolId === undefined || imageId === undefined) return null;
  return { fsid, poolId: Number(poolId), imageId };
}

interface PruneFormProps {
  source: SourceRow;
  onStarted: (taskId: string) => void;
  onClose: () => void;
}

const TYPING_PAUSE_MS = 300;

function PruneForm({ source, onStarted, onClose }: PruneFormProps) {
  const [target, setTarget] = useState(source.targets[0]?.id ?? "");
  const [counts, setCounts] = useState(FIRST);
  const [typed, setTyped] = useState("");
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const retention = toRetention(counts, timeZone);
  const ids = sourceIds(source.key);
  const wanted = retention === null || ids === null ? null : { target, retention, source: ids };
  const settled = useDebounced(JSON.stringify(wanted), TYPING_PAUSE_MS);
  const isSettled = settled === JSON.stringify(wanted);
  const plan = useQuery(
    trpc.backups.prunePlan.queryOptions(wanted !== null && isSettled ? wanted : skipToken, {
      staleTime: 0,
      gcTime: 0,
      retry: false,
      placeholderData: keepPreviousData,
    }),
  );
  const prune = useMutation(
    trpc.backups.prune.mutationOptions({ onSuccess: ({ taskId }) => onStarted(taskId) }),
  );
  const name = source.image.split("/").at(-1) ?? source.image;
  const isCurrent = isSettled && !plan.isFetching && !plan.isPlaceholderData;
  const removes = isCurrent && plan.data !== undefined ? plan.data.remove : 0;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted !== null && removes > 0 && typed === name && !prune.isPending) prune.mutate(wanted);
  };
  return (
    <form onSubmit={submit} noValidate>
      <div className="flex flex-col gap-4 px-5 py-4">
        {source.targets.length > 1 && (
          <Field label="Target">
            {(control) => (
              <Select
                {...control}
                options={source.targets.map(({ id, name: label }) => ({ value: id, label }))}
                value={target}
                onValueChange={setTarget}
              />
            )}
          </Field>
        )}
        <fieldset>
          <legend className="mb-1 font-medium text-ink-2 text-xs">
            Keep: a number of backups for each rule, or “all”. A backup stays if any rule keeps it.
          </legend>
          <div className="grid grid-cols-3 gap-2 sm:grid-cols-6">
            {RULES.map(([rule, label]) => (
              <Field key={rule} label={label}>
                {(control) => (
                  <Input
                    {...control}
                    inputMode="numeric"
                    value={counts[rule]}
                    onChange={(event) => setCounts({ ...counts, [rule]: event.target.value })}
                    autoComplete="off"
                    placeholder="none"
                  />
                )}
              </Field>
            ))}
          </div>
        </fieldset>
        {retention === null && (
          <p role="alert" className="text-danger text-xs">
            Give at least one whole number, or “all”.
          </p>
        )}
        {plan.isError && isSettled && <ProblemCallout problem={toProblem(plan.error)} announce />}
        <PrunePreview source={source} target={target} plan={plan.data} isCurrent={isCurrent} />
        {removes > 0 && <TypeName name={name} value={typed} onValueChange={setTyped} />}
        {prune.isError && <ProblemCallout problem={toProblem(prune.error)} announce />}
      </div>
      <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          type="submit"
          variant="danger"
          disabled={removes === 0 || typed !== name || prune.isPending}
          focusableWhenDisabled
        >
          {prune.isPending && <Spinner />}
          {removes === 0 ? "Nothing to remove" : `Remove ${plural(removes, "backup")}`}
        </Button>
      </footer>
    </form>
  );
}

/** What would be kept and removed, on the time line and with the reasons of the selected backup. */
function PrunePreview({
  source,
  target,
  plan,
  isCurrent,
}: {
  source: SourceRow;
  target: string;
  plan: PrunePlanView | undefined;
  isCurrent: boolean;
}) {
  const history = useQuery(trpc.backups.chain.queryOptions({ source: source.key }));
  const [wanted, setWanted] = useState<string | null>(null);
  const chains = history.data?.chains;
  const lanes = useMemo(
    () =>
      layLanes((chains ?? []).filter((chain) => chain.target.id === target && chain.origin === "coppice")),
    [chains, target],
  );
  const reasons = useMemo(
    () => new Map(plan?.decisions.map((decision) => [decision.backup, decision.reasons])),
    [plan],
  );
  const points = lanes.flatMap((lane) => lane.points);
  const selected = points.find(({ point }) => point.id === wanted) ?? lanes[0]?.points.at(-1);
  const isRemoved = ({ id }: PointView) => reasons.get(id)?.length === 0;
  if (plan === undefined || lanes.length === 0) return <Skeleton className="h-40 w-full rounded-lg" />;
  return (
    <section aria-label="Preview" aria-busy={!isCurrent} className="flex flex-col gap-2">
      <p role="status" className="font-medium tabular-nums">
        {formatCount(plan.keep)} kept, {formatCount(plan.remove)} removed
      </p>
      <div className="overflow-hidden rounded-lg border border-line bg-surface">
        <HistoryPicture
          label="What would be kept and removed"
          lanes={lanes}
          selected={selected?.point.id ?? null}
          onSelect={setWanted}
          laneLabel={(lane) => plural(lane.points.length, "backup")}
          describe={(each) => `${describePoint(each)} ${sentence(reasons.get(each.point.id))}`}
          isRemoved={isRemoved}
        />
        <HistoryLegend withRemoved />
      </div>
      {selected !== undefined && <Reasons each={selected} reasons={reasons.get(selected.point.id)} />}
    </section>
  );
}

function sentence(reasons: readonly string[] | undefined): string {
  if (reasons === undefined) return "";
  return reasons.length === 0 ? "It would be removed." : `It is kept: ${reasons.join("; ")}.`;
}

/** Why a backup is kept, or that it is not. */
function Reasons({ each, reasons }: { each: LanePoint<PointView>; reasons: readonly string[] | undefined }) {
  const { at } = each.point;
  return (
    <div className="rounded-lg border border-line bg-sunken px-3 py-2 text-xs">
      <p className="flex flex-wrap items-center gap-2">
        <span className="font-medium">
          {at === null ? "A backup of an unknown time" : <Time at={at} show="absolute" />}
        </span>
        {reasons !== undefined && (
          <Badge tone={reasons.length === 0 ? "danger" : "brand"}>
            {reasons.length === 0 ? "Would be removed" : "Kept"}
          </Badge>
        )}
      </p>
      <ul className="mt-1 list-disc pl-5 text-ink-2">
        {reasons?.map((reason) => (
          <li key={reason}>{capital(reason)}.</li>
        ))}
        {reasons?.length === 0 && <li>No rule keeps it.</li>}
      </ul>
    </div>
  );
}
