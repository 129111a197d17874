"use client";

import type { PurgePreview } from "@coppice/server/router";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Field, Input } from "#components/ui/form.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { TaskDialog } from "#features/snapshots/task-dialog.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";

const WORD = "purge";

/** Shows what purging the trash would remove and keep, and starts exactly that. */
export function PurgeDialog({ onClose }: { onClose: () => void }) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const [withSnapshots, setWithSnapshots] = useState(false);
  const [typed, setTyped] = useState("");
  const preview = useQuery(
    trpc.trash.purgePreview.queryOptions(
      { cluster, withSnapshots },
      { trpc: { abortOnUnmount: true }, staleTime: 0 },
    ),
  );
  const purge = useMutation(
    trpc.trash.purge.mutationOptions({
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  const { data } = preview;
  const removed = data?.images.filter(({ state }) => state === "removed") ?? [];
  const kept = data?.images.filter(({ state }) => state !== "removed") ?? [];
  return (
    <TaskDialog
      title="Purge the trash"
      description="Removes the images whose deferment has ended, for good."
      action={removed.length === 0 ? "Purge" : `Remove ${plural(removed.length, "image")} for good`}
      tone="danger"
      disabled={data === undefined || removed.length === 0 || typed !== WORD}
      start={purge}
      onStart={() => {
        if (data !== undefined) purge.mutate({ cluster, withSnapshots, expiredBefore: data.expiredBefore });
      }}
      onClose={onClose}
    >
      <label className="flex items-start gap-2">
        <input
          type="checkbox"
          checked={withSnapshots}
          onChange={(event) => setWithSnapshots(event.target.checked)}
          className="mt-0.5 size-4 accent-brand"
        />
        <span>Images with snapshots, too</span>
      </label>
      <section aria-label="Preview" aria-busy={preview.isFetching} className="flex min-h-24 flex-col gap-3">
        {preview.isPending && (
          <>
            <Skeleton className="w-1/2" />
            <Skeleton className="w-2/3" />
          </>
        )}
        {preview.isError && <ProblemCallout problem={toProblem(preview.error)} />}
        {data !== undefined && (
          <>
            <ImageGroup title="Removed" images={removed} empty="Nothing in the trash can be purged now." />
            {kept.length > 0 && <ImageGroup title="Kept" images={kept} empty="" />}
          </>
        )}
      </section>
      {removed.length > 0 && (
        <Field label={`Type ${WORD} to confirm`}>
          {(control) => (
            <Input
              {...control}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              autoComplete="off"
              className="font-mono text-xs"
            />
          )}
        </Field>
      )}
    </TaskDialog>
  );
}

function ImageGroup({
  title,
  images,
  empty,
}: {
  title: string;
  images: PurgePreview["images"];
  empty: string;
}) {
  const freed = images.reduce((sum, image) => sum + (image.state === "removed" ? (image.freed ?? 0) : 0), 0);
  if (images.length === 0) return <p className="text-ink-2">{empty}</p>;
  return (
    <div>
      <h3 className="mb-1 flex justify-between font-medium text-xs">
        {title}
        {freed > 0 && (
          <span className="text-ink-2">
            frees up to <Bytes value={freed} />
          </span>
        )}
      </h3>
      <ul className="max-h-48 divide-y divide-line overflow-y-auto rounded border border-line text-xs">
        {images.map(({ key, spec, reason }) => (
          <li key={key} className="px-2.5 py-1.5">
            <SpecText spec={spec} />
            {reason !== null && <span className="block text-ink-3">{reason}.</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
