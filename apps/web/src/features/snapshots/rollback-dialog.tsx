"use client";

import type { SnapshotDetail } from "@coppice/server/router";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Field, Input } from "#components/ui/form.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { SpecText } from "#components/values.tsx";
import { HeatStrip } from "#features/chain/heat-strip.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { parseSpec, visibleName } from "#lib/spec.ts";
import { checkSnapshotName, timedName } from "./snapshot-name.ts";
import { TaskDialog } from "./task-dialog.tsx";

interface RollbackDialogProps {
  imageKey: string;
  image: string;
  snapshot: Pick<SnapshotDetail, "id" | "name">;
  onClose: () => void;
}

/** Shows what a rollback takes back, and asks whether to keep the current state in a snapshot. */
export function RollbackDialog({ imageKey, image, snapshot, onClose }: RollbackDialogProps) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const [keeps, setKeeps] = useState(true);
  const [keepAs, setKeepAs] = useState(() => timedName("before-rollback", new Date()));
  const [typed, setTyped] = useState("");
  const lost = useQuery(
    trpc.chain.changed.queryOptions(
      { cluster, image: imageKey, from: snapshot.id, to: null },
      { trpc: { abortOnUnmount: true }, staleTime: 0 },
    ),
  );
  const rollback = useMutation(
    trpc.rollback.start.mutationOptions({
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  const name = parseSpec(image)?.image ?? image;
  const problem = keeps ? checkSnapshotName(keepAs) : null;
  return (
    <TaskDialog
      title="Roll back"
      description={
        <>
          Returns <SpecText spec={image} className="text-xs" /> to the state of{" "}
          <span className="font-mono text-xs">{visibleName(snapshot.name)}</span>.
        </>
      }
      action="Roll back"
      tone={keeps ? "primary" : "danger"}
      disabled={problem !== null || (!keeps && typed !== name)}
      start={rollback}
      onStart={() =>
        rollback.mutate({ cluster, image, snapshot: snapshot.name, keepAs: keeps ? keepAs : null })
      }
      onClose={onClose}
    >
      <section aria-label="What is taken back" aria-busy={lost.isFetching} className="flex flex-col gap-2">
        <p>These changes since the snapshot are taken back:</p>
        {lost.data !== undefined && <HeatStrip changed={lost.data} />}
        {lost.isPending && <Skeleton className="h-10 w-full" />}
        {lost.isError && <ProblemCallout problem={toProblem(lost.error)} />}
      </section>
      <label className="flex items-start gap-2">
        <input
          type="checkbox"
          checked={keeps}
          onChange={(event) => setKeeps(event.target.checked)}
          className="mt-0.5 size-4 accent-brand"
        />
        <span>
          Keep the current state in a snapshot
          <span className="block text-ink-3 text-xs">Then the rollback can itself be rolled back.</span>
        </span>
      </label>
      {keeps ? (
        <Field label="Name of that snapshot" error={problem}>
          {(control) => (
            <Input
              {...control}
              value={keepAs}
              onChange={(event) => setKeepAs(event.target.value)}
              autoComplete="off"
              spellCheck={false}
              className="font-mono text-xs"
            />
          )}
        </Field>
      ) : (
        <Field label={`Type ${visibleName(name)} to lose the current state for good`}>
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
      <p className="text-ink-3 text-xs">
        The image must not be in use. All snapshots stay, also those that are newer.
      </p>
    </TaskDialog>
  );
}
