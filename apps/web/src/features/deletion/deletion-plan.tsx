"use client";

import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, CircleSlash, CircleX, Loader, LockOpen } from "lucide-react";
import { type ReactNode, useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { toast } from "#components/ui/toast.tsx";
import { measureInFull, measureText } from "#features/chain/chain-model.ts";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { formatBytes, formatCount, plural } from "#lib/format.ts";
import { type Blocker, type DeletionWay, type StepState, sortBlockers } from "./deletion-model.ts";

/** A sentence of the server that begins in lower case and has no full stop. */
function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

const SHOWN_AT_FIRST = 5;

interface BlockersProps {
  blockers: readonly Blocker[];
  way: DeletionWay["way"];
  /** The image, as the API names it. */
  image: string;
  mayOperate: boolean;
  onLockBroken: () => void;
}

/** Why the target cannot simply be removed: what somebody has to do first, and what the plan does. */
export function Blockers({ blockers, way, image, mayOperate, onLockBroken }: BlockersProps) {
  const { closing, solved, snapshots } = sortBlockers(blockers, way);
  return (
    <>
      {closing.length > 0 && (
        <section
          aria-label="What has to be done first"
          className="rounded-lg border border-danger-line bg-danger-soft"
        >
          <h3 className="flex items-center gap-2 px-3 pt-2.5 font-medium">
            <CircleX aria-hidden className="size-4 text-danger" />
            {closing.length === 1
              ? "Something prevents this"
              : `${formatCount(closing.length)} things prevent this`}
          </h3>
          <BlockerList
            blockers={closing}
            render={(blocker) => (
              <>
                {sentence(blocker.message)}
                {blocker.hint !== null && <span className="block text-ink-2 text-xs">{blocker.hint}</span>}
                {blocker.kind === "lock" && blocker.owner !== null && mayOperate && (
                  <BreakLock image={image} owner={blocker.owner} onBroken={onLockBroken} />
                )}
              </>
            )}
          />
        </section>
      )}
      {solved.length + snapshots > 0 && closing.length === 0 && (
        <section aria-label="What depends on it" className="rounded-lg border border-line bg-sunken">
          <h3 className="px-3 pt-2.5 font-medium text-ink-2 text-xs">
            {way === "trash" ? "Stays as it is" : "The plan takes care of"}
          </h3>
          {snapshots > 0 && <p className="px-3 pt-2">The image has {plural(snapshots, "snapshot")}.</p>}
          <BlockerList blockers={solved} render={({ message }) => sentence(message)} />
        </section>
      )}
    </>
  );
}

function BlockerList({
  blockers,
  render,
}: {
  blockers: readonly Blocker[];
  render: (blocker: Blocker) => ReactNode;
}) {
  const [all, setAll] = useState(false);
  const shown = all ? blockers : blockers.slice(0, SHOWN_AT_FIRST);
  return (
    <ul className="flex max-h-60 flex-col gap-1.5 overflow-y-auto px-3 py-2">
      {shown.map((blocker) => (
        <li key={`${blocker.kind} ${blocker.snapshot} ${blocker.message}`} className="wrap-anywhere">
          {render(blocker)}
        </li>
      ))}
      {shown.length < blockers.length && (
        <li>
          <button
            type="button"
            onClick={() => setAll(true)}
            className="rounded-sm text-ink-2 text-xs underline hover:text-ink"
          >
            and {formatCount(blockers.length - shown.length)} more
          </button>
        </li>
      )}
    </ul>
  );
}

/** Breaks the lock of a client, after a second press. */
function BreakLock({ image, owner, onBroken }: { image: string; owner: string; onBroken: () => void }) {
  const cluster = useCluster();
  const [asked, setAsked] = useState(false);
  const breakLock = useMutation(
    trpc.locks.break.mutationOptions({
      onSuccess: ({ address, wasInUse }) => {
        toast("The lock is broken", {
          tone: "good",
          description: wasInUse
            ? `${owner} at ${address} was still there and is cut off from the cluster.`
            : `${owner} at ${address} did not use the image any more.`,
        });
        onBroken();
      },
    }),
  );
  return (
    <div className="mt-1.5 flex flex-col gap-2">
      {asked && (
        <p className="text-xs">
          {owner} is put on the cluster's blocklist. Should it live after all, it can write nothing any more,
          and what it had not written is lost.
        </p>
      )}
      {breakLock.isError && <ProblemCallout problem={toProblem(breakLock.error)} announce />}
      <Button
        size="sm"
        variant="danger"
        disabled={breakLock.isPending}
        focusableWhenDisabled
        className="self-start"
        onClick={() => (asked ? breakLock.mutate({ cluster, image, owner }) : setAsked(true))}
      >
        <LockOpen aria-hidden />
        {asked ? "Break the lock now" : "Break the lock…"}
      </Button>
    </div>
  );
}

/** What a way frees and copies. */
export function WayFacts({ way }: { way: DeletionWay }) {
  return (
    <p className="flex flex-wrap gap-x-5 gap-y-1">
      <span>
        <span className="text-ink-3 text-xs">Frees </span>
        {way.frees === null ? (
          <span title="Not known: the object maps cannot be used">an unknown amount</span>
        ) : (
          <data value={way.frees.bytes} title={measureInFull(way.frees)} className="font-medium tabular-nums">
            {measureText(way.frees)}
          </data>
        )}
      </span>
      {way.copies > 0 && (
        <span>
          <span className="text-ink-3 text-xs">Copies </span>
          <span className="font-medium tabular-nums">≤ {formatBytes(way.copies)}</span>
        </span>
      )}
      <span className="text-ink-2">{plural(way.steps.length, "step")}</span>
    </p>
  );
}

const STEP_LOOK = {
  done: { icon: CircleCheck, style: "text-brand", word: "Done:" },
  running: { icon: Loader, style: "animate-spin-slow text-info", word: "Running:" },
  stopped: { icon: CircleSlash, style: "text-danger", word: "Stopped:" },
  waiting: { icon: CircleDashed, style: "text-ink-3", word: "Waiting:" },
} as const;

/** The steps of a way in their order; with `states`, how far each is. */
export function Steps({ way, states }: { way: DeletionWay; states?: readonly StepState[] }) {
  return (
    <ol aria-label="Steps" className="max-h-48 overflow-y-auto rounded-lg border border-line">
      {way.steps.map(({ text, copies, frees }, index) => {
        const state = states?.[index];
        const look = state === undefined ? null : STEP_LOOK[state];
        const Icon = look?.icon;
        return (
          <li
            key={text}
            ref={state === "running" ? (step) => step?.scrollIntoView({ block: "nearest" }) : undefined}
            aria-current={state === "running" ? "step" : undefined}
            className={cn(
              "flex items-baseline gap-2 border-line border-b px-3 py-1.5 last:border-b-0",
              state === "waiting" && "text-ink-2",
            )}
          >
            {Icon !== undefined && look !== null ? (
              <Icon
                role="img"
                aria-label={look.word}
                className={cn("size-4 shrink-0 self-center", look.style)}
              />
            ) : (
              <span aria-hidden className="w-5 shrink-0 text-right text-2xs text-ink-3 tabular-nums">
                {index + 1}
              </span>
            )}
            <span className="wrap-anywhere min-w-0 flex-1">{sentence(text).slice(0, -1)}</span>
            <span className="shrink-0 text-2xs text-ink-3 tabular-nums">
              {copies > 0 && `copies ≤ ${formatBytes(copies)}`}
              {frees !== null && frees.bytes > 0 && `frees ${measureText(frees)}`}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
