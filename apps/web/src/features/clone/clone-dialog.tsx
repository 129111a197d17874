"use client";

import { useState } from "react";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { type CloneDraft, draftFrom } from "./clone-draft.ts";
import { CloneForm } from "./clone-form.tsx";
import { CloneRun } from "./clone-run.tsx";

interface CloneDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  source: string | undefined;
}

/** Source, target, what will happen; then the task, and the clone. */
export function CloneDialog({ open, onOpenChange, source }: CloneDialogProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title="Clone an image"
        description="A copy-on-write clone: ready at once, and sharing its parent’s data."
      >
        <CloneSteps source={source} onClose={() => onOpenChange(false)} />
      </DialogContent>
    </Dialog>
  );
}

function CloneSteps({ source, onClose }: { source: string | undefined; onClose: () => void }) {
  const [draft, setDraft] = useState<CloneDraft>(() => draftFrom(source));
  const [taskId, setTaskId] = useState<string | null>(null);
  if (taskId !== null) return <CloneRun taskId={taskId} onBack={() => setTaskId(null)} onClose={onClose} />;
  return (
    <CloneForm
      draft={draft}
      onStarted={(next, id) => {
        setDraft(next);
        setTaskId(id);
      }}
      onClose={onClose}
    />
  );
}
