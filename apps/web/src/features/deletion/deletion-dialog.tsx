"use client";

import type { DeletionPlanView } from "@coppice/server/router";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton, Spinner } from "#components/ui/progress.tsx";
import { SpecText } from "#components/values.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { CancelButton, TaskProgress, TaskStateBadge } from "#features/tasks/task-status.tsx";
import { useOnScreen } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { plural } from "#lib/format.ts";
import { parseSpec, visibleName } from "#lib/spec.ts";
import { isActive } from "#lib/task.ts";
import { type DeletionWay, firstWay, stepStates, takesAlong, targetNoun } from "./deletion-model.ts";
import { Blockers, Steps, WayFacts } from "./deletion-plan.tsx";

interface DeletionDialogProps {
  /** The spec of the image, or its key when it is in the trash. */
  image: string;
  /** The spec of the image, for people. */
  spec: string;
  /** The snapshot to remove; null for the image itself. */
  snapshot: string | null;
  onClose: () => void;
}

/** What depends on an image or snapshot, the shortest safe way to delete it, and the deletion step by step. */
export function DeletionDialog({ image, spec, snapshot, onClose }: DeletionDialogProps) {
  const [started, setStarted] = useState<{ taskId: string; way: DeletionWay } | null>(null);
  return (
    <DialogContent
      title={snapshot === null ? "Delete image" : "Remove snapshot"}
      description={<SpecText spec={snapshot === null ? spec : `${spec}@${snapshot}`} className="text-xs" />}
    >
      {started === null ? (
        <Planning
          image={image}
          spec={spec}
          snapshot={snapshot}
          onStarted={(taskId, way) => setStarted({ taskId, way })}
          onClose={onClose}
        />
      ) : (
        <Running {...started} onBack={() => setStarted(null)} onClose={onClose} />
      )}
    </DialogContent>
  );
}

interface PlanningProps extends DeletionDialogProps {
  onStarted: (taskId: string, way: DeletionWay) => void;
}

/** The plan of the server, and the button that starts exactly that plan. */
function Planning({ image, spec, snapshot, onStarted, onClose }: PlanningProps) {
  const cluster = useCluster();
  const mayOperate = useMayOperate();
  const target = { cluster, image, ...(snapshot === null ? {} : { snapshot }) };
  const query = useQuery(
    trpc.deletion.plan.queryOptions(target, { trpc: { abortOnUnmount: true }, staleTime: 0, gcTime: 0 }),
  );
  const [chosen, setChosen] = useState<DeletionWay["way"] | null>(null);
  const [typed, setTyped] = useState("");
  const start = useMutation(trpc.deletion.start.mutationOptions());
  const failure = start.isError ? toProblem(start.error) : null;
  const plan = query.data;
  const way = plan?.ways.find((each) => each.way === chosen) ?? (plan && firstWay(plan));
  const name = snapshot ?? parseSpec(spec)?.image ?? spec;
  const isFinal = way?.way === "remove";
  const ready = plan !== undefined && way?.open === true && !query.isFetching && (!isFinal || typed === name);

  const begin = () => {
    if (!ready || start.isPending) return;
    start.mutate(
      { ...target, way: way.way, fingerprint: plan.fingerprint },
      {
        onSuccess: ({ taskId }) => onStarted(taskId, way),
        onError: (error) => {
          if (toProblem(error).code === "PLAN_CHANGED") void query.refetch();
        },
      },
    );
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
      noValidate
    >
      <div className="flex flex-col gap-4 px-5 py-4" aria-busy={query.isFetching}>
        {plan === undefined && query.isPending && <PlanSkeleton />}
        {query.isError && (
          <ProblemCallout
            problem={toProblem(query.error)}
            announce
            actions={
              <Button size="sm" onClick={() => void query.refetch()}>
                Try again
              </Button>
            }
          />
        )}
        {plan !== undefined && way !== undefined && (
          <>
            {plan.ways.length > 1 && (
              <WayChoice plan={plan} snapshot={snapshot} value={way.way} onValueChange={setChosen} />
            )}
            <Blockers
              blockers={plan.blockers}
              way={way.way}
              image={image}
              mayOperate={mayOperate}
              onLockBroken={() => void query.refetch()}
            />
            {way.open && (
              <>
                <WayFacts way={way} />
                <Steps way={way} />
                {isFinal && <TakenAlong way={way} snapshot={snapshot} />}
                {isFinal && (
                  <Field label={`Type ${visibleName(name)} to confirm`}>
                    {(control) => (
                      <Input
                        {...control}
                        value={typed}
                        onChange={(event) => setTyped(event.target.value)}
                        autoComplete="off"
                        spellCheck={false}
                        className="font-mono text-xs"
                      />
                    )}
                  </Field>
                )}
              </>
            )}
          </>
        )}
        {failure !== null && <ProblemCallout problem={failure} announce />}
        <p role="status" className="sr-only">
          {query.isFetching
            ? "Looking for what depends on it"
            : plan === undefined
              ? ""
              : "The plan is ready"}
        </p>
      </div>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          type="submit"
          variant={isFinal ? "danger" : "primary"}
          disabled={!ready || start.isPending}
          focusableWhenDisabled
        >
          {start.isPending && <Spinner />}
          {actionLabel(way?.way ?? "remove", snapshot)}
        </Button>
      </footer>
    </form>
  );
}

function actionLabel(way: DeletionWay["way"], snapshot: string | null): string {
  if (way === "remove") return snapshot === null ? "Delete for good" : "Remove snapshot";
  return snapshot === null ? "Move to trash" : "Hide until its clones are gone";
}

const WAY_TEXT = {
  image: {
    trash: ["Move to trash", "It can be restored. Nothing is freed, and its snapshots and clones stay."],
    remove: ["Delete for good", "Its data and its snapshots are gone. Clones are flattened first, and stay."],
  },
  snapshot: {
    trash: [
      "Hide it",
      "Ceph keeps its data until its last clone is flattened or removed, and then removes it.",
    ],
    remove: ["Remove for good", "Its clones are flattened first, and stay."],
  },
} as const;

/** The ways to delete the target. One that is closed says so, and its blockers are shown when it is chosen. */
function WayChoice({
  plan,
  snapshot,
  value,
  onValueChange,
}: {
  plan: DeletionPlanView;
  snapshot: string | null;
  value: DeletionWay["way"];
  onValueChange: (way: DeletionWay["way"]) => void;
}) {
  const name = useId();
  const order = ["trash", "remove"] as const;
  return (
    <fieldset className="grid gap-2 sm:grid-cols-2">
      <legend className="sr-only">How</legend>
      {order.flatMap((each) => {
        const way = plan.ways.find((candidate) => candidate.way === each);
        if (way === undefined) return [];
        const [title, text] = WAY_TEXT[targetNoun(snapshot)][each];
        return (
          <label
            key={each}
            className={cn(
              "flex items-start gap-2 rounded-lg border border-line p-3 hover:bg-hover",
              each === "trash"
                ? "has-checked:border-brand has-checked:bg-brand-soft"
                : "has-checked:border-danger has-checked:bg-danger-soft",
            )}
          >
            <input
              type="radio"
              name={name}
              checked={value === each}
              onChange={() => onValueChange(each)}
              className={cn("mt-0.5", each === "trash" ? "accent-brand" : "accent-danger")}
            />
            <span>
              <span className="font-medium">{title}</span>
              {!way.open && <span className="text-danger text-xs"> · not possible now</span>}
              <span className="block text-ink-2 text-xs">{text}</span>
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}

/** What is lost for good. */
function TakenAlong({ way, snapshot }: { way: DeletionWay; snapshot: string | null }) {
  const { snapshots, flattens } = takesAlong(way);
  const others = snapshot === null ? snapshots : 0;
  return (
    <Callout
      kind="warn"
      title={
        others === 0
          ? `This ${targetNoun(snapshot)} is gone for good.`
          : `The image and its ${plural(others, "snapshot")} are gone for good.`
      }
    >
      {flattens > 0 &&
        `${plural(flattens, "clone")} ${flattens === 1 ? "stays" : "stay"}, with a copy of the data.`}
    </Callout>
  );
}

function PlanSkeleton() {
  return (
    <div className="flex min-h-48 flex-col gap-3">
      <p className="text-ink-3">Looking for what depends on it…</p>
      <Skeleton className="h-14 w-full rounded-lg" />
      <Skeleton className="w-3/5" />
      <Skeleton className="h-24 w-full rounded-lg" />
    </div>
  );
}

interface RunningProps {
  taskId: string;
  way: DeletionWay;
  onBack: () => void;
  onClose: () => void;
}

/** The deletion while it runs, step by step, and its end. */
function Running({ taskId, way, onBack, onClose }: RunningProps) {
  const links = useLinks();
  const query = useQuery(trpc.tasks.get.queryOptions({ id: taskId }));
  useOnScreen(taskId);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that had the focus is gone; screen readers continue at the heading.
  useEffect(() => heading.current?.focus(), []);
  const task = query.data;
  const active = task === undefined || isActive(task.state);
  return (
    <>
      <div className="flex flex-col gap-4 px-5 py-4">
        <div className="flex items-start justify-between gap-3">
          <h3 ref={heading} tabIndex={-1} className="wrap-anywhere font-medium text-base outline-hidden">
            {task?.title ?? "Starting"}
          </h3>
          {task !== undefined && <TaskStateBadge state={task.state} />}
        </div>
        {query.isError && task === undefined && <ProblemCallout problem={toProblem(query.error)} announce />}
        {task !== undefined && active && <TaskProgress task={task} />}
        {task?.error !== undefined && <ProblemCallout problem={task.error} announce />}
        <Steps way={way} states={stepStates(way.steps.length, task?.log ?? [], task?.state ?? "queued")} />
        {task?.state === "succeeded" && <WayFacts way={way} />}
        <p role="status" className="sr-only">
          {task === undefined ? "" : active ? task.phase : `The task ${task.state}`}
        </p>
      </div>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
        <ButtonLink href={links.task(taskId)} variant="ghost" className="mr-auto" onClick={onClose}>
          Show task
        </ButtonLink>
        {task !== undefined && <CancelButton task={task} />}
        {!active && task?.state !== "succeeded" && <Button onClick={onBack}>New plan</Button>}
        <Button onClick={onClose} variant={task?.state === "succeeded" ? "primary" : "secondary"}>
          Close
        </Button>
      </footer>
    </>
  );
}
