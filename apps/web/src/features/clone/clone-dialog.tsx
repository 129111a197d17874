"use client";

import { createContext, type ReactNode, type RefObject, useContext, useMemo, useRef, useState } from "react";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { type CloneDraft, draftFrom } from "./clone-draft.ts";
import { CloneForm } from "./clone-form.tsx";
import { CloneRun } from "./clone-run.tsx";

/** One clone dialog for the console, opened from anywhere. */
export function CloneDialogProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [source, setSource] = useState<string | undefined>();
  const control = useMemo(
    () => ({
      openClone: (next?: string) => {
        setSource(next);
        setOpen(true);
      },
    }),
    [],
  );
  return (
    <CloneDialogContext value={control}>
      {children}
      <CloneDialog open={open} onOpenChange={setOpen} source={source} />
    </CloneDialogContext>
  );
}

interface CloneDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  source: string | undefined;
}

/** Source, target, what will happen; then the task, and the clone. */
export function CloneDialog({ open, onOpenChange, source }: CloneDialogProps) {
  const nameField = useRef<HTMLInputElement>(null);
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title="Clone an image"
        description="A copy-on-write clone: ready at once, and sharing its parent’s data."
        // With the source given, the name is what is left to say.
        initialFocus={source === undefined ? true : nameField}
      >
        <CloneSteps source={source} nameField={nameField} onClose={() => onOpenChange(false)} />
      </DialogContent>
    </Dialog>
  );
}

interface CloneStepsProps {
  source: string | undefined;
  nameField: RefObject<HTMLInputElement | null>;
  onClose: () => void;
}

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

export interface CloneDialogControl {
  /** Opens the dialog. `source` is `pool/[namespace/]image`, or with `@snapshot`; without it one is picked there. */
  openClone: (source?: string) => void;
}

export const CloneDialogContext = createContext<CloneDialogControl>({ openClone: () => {} });

export function useCloneDialog(): CloneDialogControl {
  return useContext(CloneDialogContext);
}
