"use client";

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input, Select } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton, Spinner } from "#components/ui/progress.tsx";
import { SpecText } from "#components/values.tsx";
import { ImagePicker } from "#features/clone/clone-form.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { TaskRun } from "#features/tasks/task-run.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { useTargets } from "../targets.ts";
import { CheckField, Choice } from "./fields.tsx";
import { parseLabels } from "./labels.ts";
import { BackupTaskOutcome } from "./task-results.tsx";

interface BackUpDialogProps {
  /** `pool/[namespace/]image`; without it the user chooses the image in the dialog. */
  image?: string;
  /** Id of the target that is proposed, such as the one with the image's other backups; the first one without it. */
  target?: string | undefined;
  onClose: () => void;
}

type Kind = "auto" | "full" | "incremental";

const KINDS = [
  {
    value: "auto",
    label: "Automatic",
    hint: "What changed since the newest backup. Full, with the reason, where that is not possible.",
  },
  { value: "full", label: "Full", hint: "Everything, as the beginning of a new chain." },
  {
    value: "incremental",
    label: "Incremental only",
    hint: "What changed since the newest backup. Fails where that is not possible.",
  },
] as const;

/** Asks what is backed up, where to and how, then shows the task. */
export function BackUpDialog({ image, target: proposed, onClose }: BackUpDialogProps) {
  const links = useLinks();
  const cluster = useCluster();
  const [taskId, setTaskId] = useState<string | null>(null);
  const [chosen, setChosen] = useState(image ?? "");
  const [targetId, setTargetId] = useState(proposed ?? "");
  const [kind, setKind] = useState<Kind>("auto");
  const [labels, setLabels] = useState("");
  const [isProtected, setProtected] = useState(false);
  const targets = useTargets();
  const target = targets.data?.find(({ id }) => id === targetId) ?? targets.data?.[0];
  const parsed = parseLabels(labels);
  const start = useMutation(
    trpc.backups.start.mutationOptions({ onSuccess: (started) => setTaskId(started.taskId) }),
  );

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (target === undefined || chosen === "" || parsed.labels === null || start.isPending) return;
    start.mutate({
      cluster,
      image: chosen,
      target: target.id,
      kind,
      labels: parsed.labels,
      protected: isProtected,
    });
  };

  return (
    <DialogContent
      title="Back up an image"
      description={
        image === undefined ? (
          "The image may be in use meanwhile."
        ) : (
          <SpecText spec={image} className="text-xs" />
        )
      }
    >
      {taskId !== null ? (
        <TaskRun
          taskId={taskId}
          starting="Starting the backup"
          onBack={() => setTaskId(null)}
          onClose={onClose}
          result={({ result }) => result && <BackupTaskOutcome result={result} />}
          next={({ result }) =>
            result?.kind === "backup" && (
              <>
                <Button onClick={onClose}>Close</Button>
                <ButtonLink
                  variant="primary"
                  href={links.backup(result.target.id, result.backup)}
                  onClick={onClose}
                >
                  Open the backup
                </ButtonLink>
              </>
            )
          }
        />
      ) : (
        <form onSubmit={submit} noValidate>
          <div className="flex flex-col gap-4 px-5 py-4">
            {image === undefined && (
              <Field label="Image">
                {(control) => <ImagePicker {...control} value={chosen} onValueChange={setChosen} />}
              </Field>
            )}
            {targets.isPending ? (
              <Skeleton className="h-8 w-full" />
            ) : target === undefined ? (
              <Callout
                kind="info"
                title="There is no place for backups yet."
                actions={
                  <ButtonLink size="sm" href={links.backupTargets()} onClick={onClose}>
                    Add a target
                  </ButtonLink>
                }
              >
                A target is a pool or a directory in which backups are kept.
              </Callout>
            ) : (
              <Field label="Target" hint={target.place}>
                {(control) => (
                  <Select
                    {...control}
                    options={(targets.data ?? []).map(({ id, name, place }) => ({
                      value: id,
                      label: name,
                      note: place,
                    }))}
                    value={target.id}
                    onValueChange={setTargetId}
                  />
                )}
              </Field>
            )}
            <Choice legend="Kind" value={kind} onValueChange={setKind} choices={KINDS} />
            <Field
              label="Labels"
              hint="Such as plan=nightly, ticket=4711. They are kept with the backup."
              error={parsed.error}
            >
              {(control) => (
                <Input
                  {...control}
                  value={labels}
                  onChange={(event) => setLabels(event.target.value)}
                  autoComplete="off"
                  spellCheck={false}
                  className="font-mono text-xs"
                />
              )}
            </Field>
            <CheckField
              label="Protect the backup"
              hint="Retention keeps it, whatever the policy says, until the protection is taken away."
              checked={isProtected}
              onCheckedChange={setProtected}
            />
            {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
          </div>
          <footer className="flex items-center justify-end gap-2 border-line border-t px-5 py-3">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              variant="primary"
              disabled={target === undefined || chosen === "" || parsed.labels === null || start.isPending}
              focusableWhenDisabled
            >
              {start.isPending && <Spinner />}
              Back up
            </Button>
          </footer>
        </form>
      )}
    </DialogContent>
  );
}
