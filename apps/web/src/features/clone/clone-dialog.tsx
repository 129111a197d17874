"use client";

import { type RefObject, useRef, useState } from "react";
import { DialogContent } from "#components/ui/dialog.tsx";
import { type CloneDraft, draftFrom } from "./clone-draft.ts";
import { CloneForm } from "./clone-form.tsx";
import { CloneRun } from "./clone-run.tsx";

interface CloneDialogProps {
  /**
   * `pool/[namespace/]image` or `pool/[namespace/]image@snapshot`; without it the user chooses the source in the
   * dialog.
   */
  source?: string;
  onClose: () => void;
}

/** Asks for source and target, shows what cloning would do, then the task that clones. */
export function CloneDialog({ source, onClose }: CloneDialogProps) {
  const nameField = useRef<HTMLInputElement>(null);
  return (
    <DialogContent
      title="Clone an image"
      description="A copy-on-write clone is ready at once and shares the data of its parent."
      // When the source is given, the name is the first thing to fill in.
      initialFocus={source === undefined ? true : nameField}
    >
      <CloneSteps source={source} nameField={nameField} onClose={onClose} />
    </DialogContent>
  );
}

interface CloneStepsProps {
  source: string | undefined;
  nameField: RefObject<HTMLInputElement | null>;
  onClose: () => void;
}

/** The form with the plan, then the task that clones. */
function CloneSteps({ source, nameField, onClose }: CloneStepsProps) {
  const [draft, setDraft] = useState<CloneDraft>(() => draftFrom(source));
  const [taskId, setTaskId] = useState<string | null>(null);
  if (taskId !== null) return <CloneRun taskId={taskId} onBack={() => setTaskId(null)} onClose={onClose} />;
  return (
    <CloneForm
      draft={draft}
      nameField={nameField}
      onStarted={(next, id) => {
        setDraft(next);
        setTaskId(id);
      }}
      onClose={onClose}
    />
  );
}
