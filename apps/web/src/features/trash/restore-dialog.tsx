"use client";

import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Field, Input } from "#components/ui/form.tsx";
import { SpecText } from "#components/values.tsx";
import { checkImageName } from "#features/clone/clone-draft.ts";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { TaskDialog } from "#features/snapshots/task-dialog.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { trpc } from "#lib/api.ts";
import { parseSpec } from "#lib/spec.ts";

/** Asks for the name under which an image leaves the trash. */
export function RestoreDialog({
  imageKey,
  spec,
  onClose,
}: {
  imageKey: string;
  spec: string;
  onClose: () => void;
}) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const field = useRef<HTMLInputElement>(null);
  const former = parseSpec(spec)?.image ?? spec;
  const [name, setName] = useState(former);
  const restore = useMutation(
    trpc.trash.restore.mutationOptions({
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  const problem = checkImageName(name);
  return (
    <TaskDialog
      title="Restore from the trash"
      description={<SpecText spec={spec} className="text-xs" />}
      action="Restore"
      disabled={problem !== null}
      start={restore}
      onStart={() => restore.mutate({ cluster, image: imageKey, ...(name === former ? {} : { name }) })}
      onClose={onClose}
      initialFocus={field}
    >
      <Field label="Name" error={problem} hint="Choose another one if a new image has this name by now.">
        {(control) => (
          <Input
            {...control}
            ref={field}
            value={name}
            onChange={(event) => {
              setName(event.target.value);
              restore.reset();
            }}
            autoComplete="off"
            spellCheck={false}
            className="font-mono text-xs"
          />
        )}
      </Field>
    </TaskDialog>
  );
}
