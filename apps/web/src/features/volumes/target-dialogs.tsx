"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { usePathname, useRouter } from "next/navigation";
import { type ReactNode, useState } from "react";
import { FormProvider, useForm, useWatch } from "react-hook-form";
import { ProblemCallout } from "#components/state.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { useDebounced } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";
import { formatPoolSpec, parseSpec } from "#lib/spec.ts";
import { FormFooter, type TargetDraft, TargetFields, targetSchema, targetSpec } from "./fields.tsx";
import { TaskRun } from "./task-run.tsx";

// Dialogs that ask for little more than a name: rename, copy, capture.

interface SourceProps {
  /** `pool/[namespace/]image`, for a capture also with `@snapshot`. */
  source: string;
  onClose: () => void;
}

interface TargetFormProps extends SourceProps {
  label: string;
  /** The name that is suggested. */
  suggested: string;
  fixedPool?: boolean;
  submit: string;
  made: string;
  start: {
    mutateAsync: (names: { target: string }) => Promise<{ taskId: string }>;
    isPending: boolean;
    error: unknown;
  };
  onSucceeded?: (target: string) => void;
  /** What will happen, for the target that is typed; null while that is incomplete. */
  children: (target: string | null) => ReactNode;
}

/** The form with the name, then the task. */
function TargetForm({
  source,
  label,
  suggested,
  fixedPool = false,
  submit,
  made,
  start,
  onSucceeded,
  children,
  onClose,
}: TargetFormProps) {
  const [taskId, setTaskId] = useState<string | null>(null);
  const spec = parseSpec(source);
  const form = useForm<TargetDraft>({
    resolver: zodResolver(targetSchema),
    defaultValues: {
      poolSpec: spec === null ? "" : formatPoolSpec(spec.pool, spec.namespace),
      name: suggested,
    },
    mode: "onChange",
  });
  const [poolSpec, name] = useWatch({ control: form.control, name: ["poolSpec", "name"] });
  const isComplete = targetSchema.safeParse({ poolSpec, name }).success;
  const onSubmit = form.handleSubmit(async (draft) => {
    const started = await start.mutateAsync({ target: targetSpec(draft) }).catch(() => null); // shown below
    if (started !== null) setTaskId(started.taskId);
  });
  if (taskId !== null) {
    return (
      <TaskRun
        taskId={taskId}
        made={made}
        onBack={() => setTaskId(null)}
        onClose={onClose}
        {...(onSucceeded === undefined ? {} : { onSucceeded })}
      />
    );
  }
  return (
    <FormProvider {...form}>
      <form onSubmit={(event) => void onSubmit(event)} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          <TargetFields label={label} fixedPool={fixedPool} />
          {children(isComplete ? targetSpec({ poolSpec, name }) : null)}
          {start.error !== null && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <FormFooter submit={submit} pending={start.isPending} onClose={onClose} />
      </form>
    </FormProvider>
  );
}

/** Renames an image. */
export function RenameDialog({ source, onClose }: SourceProps) {
  const cluster = useCluster();
  const links = useLinks();
  const router = useRouter();
  const path = usePathname();
  const rename = useMutation(trpc.volumes.rename.start.mutationOptions({ retry: false }));
  const start = {
    ...rename,
    mutateAsync: ({ target }: { target: string }) => rename.mutateAsync({ cluster, image: source, target }),
  };
  // The page of the image is found by its name, which is another one now.
  const onSucceeded = (target: string) => {
    if (path.startsWith("/image/") || path === "/image") router.replace(links.image(target));
  };
  return (
    <DialogContent title="Rename the image" description={<SpecText spec={source} className="text-xs" />}>
      <TargetForm
        source={source}
        label="New name"
        suggested={parseSpec(source)?.image ?? ""}
        fixedPool
        submit="Rename"
        made="the image"
        start={start}
        onSucceeded={onSucceeded}
        onClose={onClose}
      >
        {() => (
          <p className="text-ink-2">
            Its snapshots and clones stay as they are. Machines that use it by its name have to be told. Ceph
            renames within a pool only; to move an image to another pool, copy it there.
          </p>
        )}
      </TargetForm>
    </DialogContent>
  );
}

/** Copies an image with its snapshots, also to another pool. */
export function CopyDialog({ source, onClose }: SourceProps) {
  const cluster = useCluster();
  const detail = useQuery(trpc.images.get.queryOptions({ cluster, spec: source }));
  const copy = useMutation(trpc.volumes.copy.start.mutationOptions({ retry: false }));
  const start = {
    ...copy,
    mutateAsync: ({ target }: { target: string }) => copy.mutateAsync({ cluster, image: source, target }),
  };
  const count = detail.data?.snapshots.filter(({ kind }) => kind === "user").length ?? 0;
  return (
    <DialogContent title="Copy the image" description={<SpecText spec={source} className="text-xs" />}>
      <TargetForm
        source={source}
        label="Name of the copy"
        suggested={`${parseSpec(source)?.image ?? ""}-copy`}
        submit="Copy"
        made="the copy"
        start={start}
        onClose={onClose}
      >
        {() => (
          <div className="flex flex-col gap-2 text-ink-2">
            <p>
              All data is copied{count === 0 ? "" : `, with ${plural(count, "snapshot")}`}, and what was
              written is read back and compared. The copy shares nothing with the image.
            </p>
            <p>
              To move an image to another pool, stop what uses it, copy it, and then remove the original. Its
              clones stay with the original.
            </p>
          </div>
        )}
      </TargetForm>
    </DialogContent>
  );
}

/** Makes a template of a disk, or of one of its snapshots. */
export function CaptureDialog({ source, onClose }: SourceProps) {
  const cluster = useCluster();
  const capture = useMutation(trpc.volumes.capture.start.mutationOptions({ retry: false }));
  const start = {
    ...capture,
    mutateAsync: ({ target }: { target: string }) => capture.mutateAsync({ cluster, source, target }),
  };
  return (
    <DialogContent title="Capture as a template" description={<SpecText spec={source} className="text-xs" />}>
      <TargetForm
        source={source}
        label="Name of the template"
        suggested={`${parseSpec(source)?.image ?? ""}-template`}
        submit="Capture"
        made="the template"
        start={start}
        onClose={onClose}
      >
        {(target) => <CapturePlan source={source} target={target} />}
      </TargetForm>
    </DialogContent>
  );
}

const TYPING_PAUSE_MS = 250;

/** What a capture would do. */
function CapturePlan({ source, target }: { source: string; target: string | null }) {
  const cluster = useCluster();
  const settled = useDebounced(target, TYPING_PAUSE_MS);
  const query = useQuery(
    trpc.volumes.capture.plan.queryOptions(
      settled === null || settled !== target ? skipToken : { cluster, source, target: settled },
      { staleTime: 0, gcTime: 0, retry: false, refetchOnWindowFocus: false, trpc: { abortOnUnmount: true } },
    ),
  );
  const isPending = target !== null && (settled !== target || query.isFetching);
  const plan = isPending ? undefined : query.data;
  return (
    <section aria-label="Plan" aria-busy={isPending} className="min-h-28">
      {isPending && <Skeleton className="h-24 w-full" />}
      {!isPending && query.isError && target !== null && (
        <ProblemCallout problem={toProblem(query.error)} announce />
      )}
      {plan !== undefined && (
        <ol className="flex list-decimal flex-col gap-1.5 rounded-lg border border-line bg-sunken py-3 pr-4 pl-8 text-ink-2">
          <li>
            {plan.snapshot.action === "reuse" ? "Uses the snapshot " : "Takes a snapshot for a moment: "}
            <span className="font-mono text-xs">{plan.snapshot.name}</span>. The disk may be in use.
          </li>
          <li>
            Copies the data of the disk into the template, <Bytes value={plan.size} /> at most. The template
            shares nothing with the disk.
          </li>
          <li>
            Makes the protected snapshot <span className="font-mono text-xs">snap</span>, from which images
            are made.
          </li>
        </ol>
      )}
      {plan?.warnings.map((warning) => (
        <Callout key={warning} kind="warn" title={warning} className="mt-2" />
      ))}
    </section>
  );
}
