"use client";

import type { ImageListRow } from "@coppice/server/router";
import { useMutation } from "@tanstack/react-query";
import { operationNoun } from "#components/image-status.tsx";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { SpecText } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { useReportEnd } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";

/** What was interrupted: an operation on one image, or everything on the cluster. */
export interface InterruptedWork {
  /** `pool/[namespace/]image`; null for all images of the cluster. */
  image: string | null;
  operation: ImageListRow["operation"];
}

/** Asks whether to finish or undo what was interrupted, and says what will happen. */
export function ReconcileDialog({ work, onClose }: { work: InterruptedWork; onClose: () => void }) {
  return (
    <DialogContent title="Finish or undo" description={<Subject work={work} />}>
      <Confirmation work={work} onClose={onClose} />
    </DialogContent>
  );
}

function Subject({ work: { image, operation } }: { work: InterruptedWork }) {
  if (image === null) return "Everything that was interrupted on this cluster.";
  const noun = operation === null ? "work" : operationNoun(operation);
  return (
    <>
      The interrupted {noun} of <SpecText spec={image} className="text-xs" />.
    </>
  );
}

/** What will happen, by the purpose of the operation. */
const CONSEQUENCES: Record<string, readonly string[]> = {
  make: [
    "If the image is whole, it stays and becomes usable.",
    "Otherwise what was made of it is removed, together with the snapshot that was made for it. Then the same work can be started again.",
    "An image that somebody uses, or that another client wrote to, is not removed.",
  ],
  remove: [
    "If the removal had begun to take the image away, it is carried through: the image is gone afterwards.",
    "Otherwise the image stays as it is.",
  ],
  flatten: [
    "The data that the image still shares with its parent is copied. This can take a long time.",
    "The image stays usable, and its content stays the same.",
  ],
  rollback: [
    "If the image was rolled back, the rollback is finished.",
    "Otherwise nothing is changed, because somebody may have written to the image since. Roll it back again.",
  ],
};

const EACH: readonly string[] = [
  "Each image that is whole stays and becomes usable.",
  "What was half made is removed, together with the snapshots that were made for it.",
  "Removals that had begun are carried through. Flattens copy the rest, which can take a long time.",
  "What somebody uses, or another client wrote to, is not removed.",
];

function Confirmation({
  work: { image, operation },
  onClose,
}: {
  work: InterruptedWork;
  onClose: () => void;
}) {
  const cluster = useCluster();
  const reportEnd = useReportEnd();
  const reconcile = useMutation(
    trpc.operations.reconcile.mutationOptions({
      onSuccess: ({ taskId }) => {
        onClose();
        void reportEnd(taskId);
      },
    }),
  );
  const consequences = image === null ? EACH : (CONSEQUENCES[operation?.purpose ?? ""] ?? EACH);
  return (
    <>
      <div className="flex flex-col gap-3 px-5 py-4">
        <p>The server examines what stands on the cluster, and decides by that:</p>
        <ul className="flex list-disc flex-col gap-1.5 pl-5 text-ink-2">
          {consequences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
        {reconcile.isError && <ProblemCallout problem={toProblem(reconcile.error)} announce />}
      </div>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="primary"
          disabled={reconcile.isPending}
          focusableWhenDisabled
          onClick={() => reconcile.mutate(image === null ? { cluster } : { cluster, image })}
        >
          Finish or undo
        </Button>
      </footer>
    </>
  );
}
