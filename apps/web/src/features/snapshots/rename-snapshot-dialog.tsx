"use client";

import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Field, Input } from "#components/ui/form.tsx";
import { SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { trpc } from "#lib/api.ts";
import { checkSnapshotName } from "./snapshot-name.ts";
import { TaskDialog } from "./task-dialog.tsx";

interface RenameSnapshotDialogProps {
  image: string;
  snapshot: string;
  onClose: () => void;
}

/** Asks for the new name of a snapshot. */
export function RenameSnapshotDialog({ image, snapshot, onClose }: RenameSnapshotDialogProps) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(snapshot);
  const rename = useMutation(
    trpc.snapshots.rename.mutationOptions({
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  const problem = checkSnapshotName(name);
  return (
    <TaskDialog
      title="Rename a snapshot"
      description={<SpecText spec={`${image}@${snapshot}`} className="text-xs" />}
      action="Rename"
      disabled={problem !== null || name === snapshot}
      start={rename}
      onStart={() => rename.mutate({ cluster, image, snapshot, name })}
      onClose={onClose}
      initialFocus={field}
    >
      <Field
        label="New name"
        error={problem}
        hint="Its clones stay. Scripts that use the old name no longer find the snapshot."
      >
        {(control) => (
          <Input
            {...control}
            ref={field}
            value={name}
            onChange={(event) => {
              setName(event.target.value);
              rename.reset();
            }}
            onFocus={(event) => event.target.select()}
            autoComplete="off"
            spellCheck={false}
            className="font-mono text-xs"
          />
        )}
      </Field>
    </TaskDialog>
  );
}
