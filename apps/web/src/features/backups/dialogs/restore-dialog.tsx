"use client";

import type { PointDetail, RestoreRequest } from "@coppice/server/router";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input, Segmented } from "#components/ui/form.tsx";
import { Skeleton, Spinner } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { ImagePicker } from "#features/clone/clone-form.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { TaskRun } from "#features/tasks/task-run.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { absoluteTime } from "#lib/format.ts";
import { formatPoolSpec, parseSpec } from "#lib/spec.ts";
import { KIND } from "../history/point-facts.tsx";
import { CheckField, Choice, NewImageFields, TypeName } from "./fields.tsx";
import { RestorePlan, useRestorePlan } from "./restore-plan.tsx";
import { BackupTaskOutcome } from "./task-results.tsx";

interface RestoreDialogProps {
  /** The target's id. */
  target: string;
  /** The backup's id. */
  backup: string;
  onClose: () => void;
}

/** Restores a backup, step by step: where to, what that would do, and the task. */
export function RestoreDialog({ target, backup, onClose }: RestoreDialogProps) {
  const detail = useQuery(trpc.backups.point.queryOptions({ target, backup }));
  return (
    <DialogContent
      title="Restore a backup"
      description={detail.data === undefined ? null : <Subject detail={detail.data} />}
      className="max-w-2xl"
    >
      {detail.data !== undefined ? (
        <RestoreSteps detail={detail.data} onClose={onClose} />
      ) : detail.isError ? (
        <div className="px-5 py-4">
          <ProblemCallout problem={toProblem(detail.error)} announce />
        </div>
      ) : (
        <div className="flex flex-col gap-3 px-5 py-4">
          <Skeleton className="w-2/3" />
          <Skeleton className="h-24 w-full" />
        </div>
      )}
    </DialogContent>
  );
}

function Subject({ detail: { point, source, target } }: { detail: PointDetail }) {
  return (
    <>
      <SpecText spec={source.image} className="text-xs" /> as it was at{" "}
      {point.at === null ? "an unknown time" : absoluteTime(new Date(point.at))}:{" "}
      {KIND[point.kind].toLowerCase()} backup of <Bytes value={point.size} /> in {target.name}.
    </>
  );
}

type How = RestoreRequest["to"]["kind"];

/** What the user has chosen; each way keeps its own values. */
interface Draft {
  how: How;
  poolSpec: string;
  name: string;
  /** In place: spec of the image. */
  image: string;
  safetySnapshot: boolean;
  flatten: boolean;
  file: string;
  format: "raw" | "diff";
  acceptDamaged: boolean;
}

function draftFor({ point, source }: PointDetail): Draft {
  const spec = parseSpec(source.image);
  const name = spec?.image ?? source.image;
  const day = (point.at ?? "").slice(0, 10);
  return {
    how: "new",
    poolSpec: spec === null ? "" : formatPoolSpec(spec.pool, spec.namespace),
    name: [name, day, "restored"].filter(Boolean).join("-"),
    image: source.imageKey === null ? "" : source.image,
    safetySnapshot: true,
    flatten: true,
    file: `${[name, day].filter(Boolean).join("-").replaceAll("/", "_")}.raw`,
    format: "raw",
    acceptDamaged: false,
  };
}

/** The draft as the server takes it; null while it is incomplete. */
function toRequest(draft: Draft, { point }: PointDetail, cluster: string): RestoreRequest | null {
  const { how, poolSpec, name, image, safetySnapshot, flatten, file, format, acceptDamaged } = draft;
  const request = { target: point.target, backup: point.id, acceptDamaged };
  const made = `${poolSpec}/${name.trim()}`;
  const isNamed = poolSpec !== "" && name.trim() !== "";
  if (how === "new") return isNamed ? { ...request, to: { kind: "new", cluster, image: made } } : null;
  if (how === "instant") {
    return isNamed ? { ...request, to: { kind: "instant", cluster, image: made, flatten } } : null;
  }
  if (how === "in-place") {
    return image === "" ? null : { ...request, to: { kind: "in-place", cluster, image, safetySnapshot } };
  }
  return file.trim() === "" ? null : { ...request, to: { kind: "file", name: file.trim(), format } };
}

const STEPS = ["Destination", "Check", "Restore"] as const;

function RestoreSteps({ detail, onClose }: { detail: PointDetail; onClose: () => void }) {
  const links = useLinks();
  const cluster = useCluster();
  const [draft, setDraft] = useState(() => draftFor(detail));
  const [isChecking, setChecking] = useState(false);
  const [taskId, setTaskId] = useState<string | null>(null);
  const request = toRequest(draft, detail, cluster);
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));

  if (taskId !== null) {
    return (
      <>
        <Steps current={2} />
        <TaskRun
          taskId={taskId}
          starting="Starting the restore"
          onBack={() => setTaskId(null)}
          onClose={onClose}
          result={({ result }) => result && <BackupTaskOutcome result={result} />}
          next={({ result }) => (
            <>
              <Button onClick={onClose}>Close</Button>
              {result?.kind === "restore" && result.how !== "file" && (
                <ButtonLink variant="primary" href={links.image(result.restored)} onClick={onClose}>
                  Open the image
                </ButtonLink>
              )}
            </>
          )}
        />
      </>
    );
  }
  if (isChecking && request !== null) {
    return (
      <>
        <Steps current={1} />
        <Preflight
          request={request}
          detail={detail}
          acceptDamaged={draft.acceptDamaged}
          onAcceptDamaged={(acceptDamaged) => change({ acceptDamaged })}
          onBack={() => setChecking(false)}
          onStarted={setTaskId}
        />
      </>
    );
  }
  return (
    <>
      <Steps current={0} />
      <Destination
        draft={draft}
        change={change}
        detail={detail}
        isComplete={request !== null}
        onNext={() => setChecking(true)}
        onClose={onClose}
      />
    </>
  );
}

/** Which step of the wizard is in view. */
function Steps({ current }: { current: number }) {
  return (
    <ol aria-label="Steps" className="flex flex-wrap gap-x-5 gap-y-1 border-line border-b px-5 py-2 text-xs">
      {STEPS.map((name, index) => (
        <li
          key={name}
          aria-current={index === current ? "step" : undefined}
          className={cn(
            "flex items-center gap-1.5",
            index === current ? "font-medium text-ink" : "text-ink-3",
          )}
        >
          <span
            className={cn(
              "flex size-4.5 items-center justify-center rounded-full border border-line-strong text-2xs tabular-nums",
              index === current && "border-transparent bg-brand text-on-brand",
              index < current && "border-brand-line bg-brand-soft text-brand",
            )}
          >
            {index + 1}
          </span>
          {name}
        </li>
      ))}
    </ol>
  );
}

interface DestinationProps {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  detail: PointDetail;
  isComplete: boolean;
  onNext: () => void;
  onClose: () => void;
}

function Destination({ draft, change, detail, isComplete, onNext, onClose }: DestinationProps) {
  const cluster = useCluster();
  const { settings } = detail.target;
  const whyNotInstant =
    settings.kind !== "pool"
      ? "Only a backup in a pool can be cloned."
      : settings.cluster === cluster
        ? null
        : "The backup is in another cluster.";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isComplete) onNext();
  };
  return (
    <form onSubmit={submit} noValidate>
      <div className="flex flex-col gap-4 px-5 py-4">
        <Choice
          legend="Restore to"
          value={draft.how}
          onValueChange={(how) => change({ how })}
          choices={[
            { value: "new", label: "A new image", hint: "Copies everything. Nothing else is touched." },
            {
              value: "in-place",
              label: "In place",
              hint: "Writes only what differs to an image that is there. Nobody may use it meanwhile.",
            },
            {
              value: "instant",
              label: "Instantly, as a clone",
              hint: "Usable at once. The data is copied in the background.",
              disabledReason: whyNotInstant,
            },
            { value: "file", label: "A file", hint: "On the server, as raw bytes or as a diff." },
          ]}
        />
        {(draft.how === "new" || draft.how === "instant") && (
          <NewImageFields
            poolSpec={draft.poolSpec}
            name={draft.name}
            onChange={(poolSpec, name) => change({ poolSpec, name })}
          />
        )}
        {draft.how === "instant" && (
          <CheckField
            label="Copy the data in the background"
            hint="Until then the backup cannot be deleted. Without it, the image stays a clone of the backup."
            checked={draft.flatten}
            onCheckedChange={(flatten) => change({ flatten })}
          />
        )}
        {draft.how === "in-place" && (
          <>
            <Field label="Image" hint="Its content and its size become those of the backup.">
              {(control) => (
                <ImagePicker {...control} value={draft.image} onValueChange={(image) => change({ image })} />
              )}
            </Field>
            <CheckField
              label="Keep the present state in a snapshot"
              hint="If the restore fails, the image is returned to it. Without it, what is overwritten is lost."
              checked={draft.safetySnapshot}
              onCheckedChange={(safetySnapshot) => change({ safetySnapshot })}
            />
          </>
        )}
        {draft.how === "file" && (
          <div className="grid items-start gap-3 sm:grid-cols-[1fr_auto]">
            <Field
              label="Name of the new file"
              hint="In the directory of the server that is set up for this."
            >
              {(control) => (
                <Input
                  {...control}
                  value={draft.file}
                  onChange={(event) => change({ file: event.target.value })}
                  autoComplete="off"
                  spellCheck={false}
                  className="font-mono text-xs"
                />
              )}
            </Field>
            <Segmented
              label="Format"
              value={draft.format}
              onValueChange={(format) =>
                change({ format, file: draft.file.replace(/\.(raw|diff)$/, `.${format}`) })
              }
              options={[
                { value: "raw", label: "Raw" },
                { value: "diff", label: "rbd diff" },
              ]}
              className="sm:mt-5"
            />
          </div>
        )}
      </div>
      <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={!isComplete} focusableWhenDisabled>
          Continue
        </Button>
      </footer>
    </form>
  );
}

interface PreflightProps {
  request: RestoreRequest;
  detail: PointDetail;
  acceptDamaged: boolean;
  onAcceptDamaged: (accept: boolean) => void;
  onBack: () => void;
  onStarted: (taskId: string) => void;
}

/** What the server says the restore would do. It can be started when nothing stands against it. */
function Preflight({ request, detail, acceptDamaged, onAcceptDamaged, onBack, onStarted }: PreflightProps) {
  const plan = useRestorePlan(request);
  const [typed, setTyped] = useState("");
  const start = useMutation(
    trpc.backups.restore.mutationOptions({ onSuccess: ({ taskId }) => onStarted(taskId) }),
  );
  const { to } = request;
  // Without a snapshot of the present state, what is overwritten cannot be brought back.
  const finalName =
    to.kind === "in-place" && !to.safetySnapshot ? (to.image.split("/").at(-1) ?? to.image) : null;
  const isConfirmed = finalName === null || typed === finalName;
  const isReady = plan.data !== undefined && plan.data.conflicts.length === 0 && isConfirmed;
  const isDamaged = Object.values(detail.point.checks).some((check) => check?.ok === false);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !start.isPending) start.mutate(request);
      }}
    >
      <div className="flex flex-col gap-4 px-5 py-4">
        <RestorePlan to={to} plan={plan} />
        {isDamaged && (
          <CheckField
            label="Restore it although it is damaged"
            hint="A check found wrong data. The blocks that differ from what was backed up are listed in the result."
            checked={acceptDamaged}
            onCheckedChange={onAcceptDamaged}
          />
        )}
        {finalName !== null && <TypeName name={finalName} value={typed} onValueChange={setTyped} />}
        {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
      </div>
      <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
        <Button onClick={onBack}>Back</Button>
        <Button
          type="submit"
          variant={finalName === null ? "primary" : "danger"}
          disabled={!isReady || start.isPending}
          focusableWhenDisabled
        >
          {start.isPending && <Spinner />}
          Restore
        </Button>
      </footer>
    </form>
  );
}
