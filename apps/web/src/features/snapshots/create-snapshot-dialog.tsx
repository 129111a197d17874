"use client";

import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Field, Input } from "#components/ui/form.tsx";
import { SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { trpc } from "#lib/api.ts";
import { checkSnapshotName, timedName } from "./snapshot-name.ts";
import { TaskDialog } from "./task-dialog.tsx";

/** Asks for the name of a new snapshot. */
export function CreateSnapshotDialog({ image, onClose }: { image: string; onClose: () => void }) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(() => timedName("manual", new Date()));
  const [protect, setProtect] = useState(false);
  const create = useMutation(
    trpc.snapshots.create.mutationOptions({
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  const problem = checkSnapshotName(name);
  return (
    <TaskDialog
      title="Create a snapshot"
      description={
        <>
          Keeps the state of <SpecText spec={image} className="text-xs" /> at this moment.
        </>
      }
      action="Create snapshot"
      disabled={problem !== null}
      start={create}
      onStart={() => create.mutate({ cluster, image, snapshot: name, protect })}
      onClose={onClose}
      initialFocus={field}
    >
      <Field label="Name" error={problem}>
        {(control) => (
          <Input
            {...control}
            ref={field}
            value={name}
            onChange={(event) => {
              setName(event.target.value);
              create.reset();
            }}
            onFocus={(event) => event.target.select()}
            autoComplete="off"
            spellCheck={false}
            className="font-mono text-xs"
          />
        )}
      </Field>
      <label className="flex items-start gap-2">
        <input
          type="checkbox"
          checked={protect}
          onChange={(event) => setProtect(event.target.checked)}
          className="mt-0.5 size-4 accent-brand"
        />
        <span>
          Protect it from removal
          <span className="block text-ink-3 text-xs">
            Clones of format 1 need that. A protected snapshot has to be unprotected before it can be removed.
          </span>
        </span>
      </label>
      <p className="text-ink-3 text-xs">
        Data that a machine still holds in its memory is not in the snapshot: it is what a power failure would
        leave.
      </p>
    </TaskDialog>
  );
}
