"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Field, Select } from "#components/ui/form.tsx";
import { SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { TaskDialog } from "#features/snapshots/task-dialog.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { trpc } from "#lib/api.ts";

const DAY = 86_400;

const KEEP = [
  { value: "0", label: "No deferment" },
  { value: String(DAY), label: "1 day" },
  { value: String(7 * DAY), label: "7 days" },
  { value: String(30 * DAY), label: "30 days" },
] as const;

/** Confirms that an image goes to the trash, from where it can be restored. */
export function MoveToTrashDialog({ image, onClose }: { image: string; onClose: () => void }) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const [keep, setKeep] = useState<string>(KEEP[2].value);
  const move = useMutation(
    trpc.trash.move.mutationOptions({
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  return (
    <TaskDialog
      title="Move to trash"
      description={<SpecText spec={image} className="text-xs" />}
      action="Move to trash"
      start={move}
      onStart={() => move.mutate({ cluster, image, keepSeconds: Number(keep) })}
      onClose={onClose}
    >
      <p>
        The image gives up its name and can no longer be opened by it. Its data, its snapshots and its clones
        stay, and it can be restored.
      </p>
      <Field label="Keep it from being purged for" hint="Until then, purging the trash leaves it.">
        {(control) => <Select {...control} options={KEEP} value={keep} onValueChange={setKeep} />}
      </Field>
    </TaskDialog>
  );
}
