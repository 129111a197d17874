"use client";

import type { PointView } from "@coppice/server/router";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { TaskRun } from "#features/tasks/task-run.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { absoluteTime } from "#lib/format.ts";
import { KIND } from "../history/point-facts.tsx";
import { Choice, TypeName } from "./fields.tsx";
import { BackupTaskOutcome } from "./task-results.tsx";

interface PointDialogProps {
  point: PointView;
  onClose: () => void;
}

function nameOf({ kind, at }: PointView): string {
  return `${KIND[kind]} backup of ${at === null ? "an unknown time" : absoluteTime(new Date(at))}.`;
}

/** Asks how deep a backup is verified, then shows the task. */
export function VerifyDialog({ point, onClose }: PointDialogProps) {
  const [taskId, setTaskId] = useState<string | null>(null);
  const [depth, setDepth] = useState<"quick" | "deep" | "source">("deep");
  const verify = useMutation(
    trpc.backups.verify.mutationOptions({ onSuccess: (started) => setTaskId(started.taskId) }),
  );
  return (
    <DialogContent title="Verify a backup" description={nameOf(point)}>
      {taskId !== null ? (
        <TaskRun
          taskId={taskId}
          starting="Starting the verification"
          onBack={() => setTaskId(null)}
          onClose={onClose}
          result={({ result }) => result && <BackupTaskOutcome result={result} />}
        />
      ) : (
        <>
          <div className="flex flex-col gap-4 px-5 py-4">
            <Choice
              legend="Depth"
              value={depth}
              onValueChange={setDepth}
              choices={[
                {
                  value: "deep",
                  label: "Deep",
                  hint: "Reads all of the data and compares it with the digests. Takes as long as a restore.",
                },
                {
                  value: "quick",
                  label: "Quick",
                  hint: "Everything is there, and a sample of the data is right. Takes seconds.",
                },
                {
                  value: "source",
                  label: "Against the image",
                  hint: "Reads the snapshot of the image that the backup was taken from.",
                  disabledReason:
                    point.snapshot?.exists === false ? "The image no longer has that snapshot." : null,
                },
              ]}
            />
            {verify.isError && <ProblemCallout problem={toProblem(verify.error)} announce />}
          </div>
          <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              variant="primary"
              disabled={verify.isPending}
              focusableWhenDisabled
              onClick={() => verify.mutate({ target: point.target, backup: point.id, depth })}
            >
              {verify.isPending && <Spinner />}
              Verify
            </Button>
          </footer>
        </>
      )}
    </DialogContent>
  );
}

/** Says what goes with a backup, asks for its name, then shows the task that deletes it. */
export function DeleteBackupDialog({ point, onClose }: PointDialogProps) {
  const [taskId, setTaskId] = useState<string | null>(null);
  const [typed, setTyped] = useState("");
  const name = point.id.slice(0, 8);
  const remove = useMutation(
    trpc.backups.remove.mutationOptions({ onSuccess: (started) => setTaskId(started.taskId) }),
  );
  return (
    <DialogContent title="Delete a backup" description={nameOf(point)}>
      {taskId !== null ? (
        <TaskRun
          taskId={taskId}
          starting="Starting the removal"
          onBack={() => setTaskId(null)}
          onClose={onClose}
          result={({ result }) => result && <BackupTaskOutcome result={result} />}
        />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (typed === name) remove.mutate({ target: point.target, backup: point.id });
          }}
        >
          <div className="flex flex-col gap-4 px-5 py-4">
            <ul className="flex list-disc flex-col gap-1.5 pl-5 text-ink-2">
              <li>This restore point is gone afterwards, and cannot be brought back.</li>
              <li>The other backups of its chain keep their data and can be restored as before.</li>
              {point.snapshot?.exists === true && (
                <li>
                  The snapshot <span className="wrap-anywhere font-mono text-xs">{point.snapshot.name}</span>{" "}
                  of the image goes with it, unless the next increment needs it.
                </li>
              )}
            </ul>
            {point.protected && (
              <Callout
                kind="warn"
                title="This backup is protected from retention. Deleting it removes it anyway."
              />
            )}
            <TypeName name={name} value={typed} onValueChange={setTyped} />
            {remove.isError && <ProblemCallout problem={toProblem(remove.error)} announce />}
          </div>
          <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              variant="danger"
              disabled={typed !== name || remove.isPending}
              focusableWhenDisabled
            >
              {remove.isPending && <Spinner />}
              Delete the backup
            </Button>
          </footer>
        </form>
      )}
    </DialogContent>
  );
}
