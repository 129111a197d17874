"use client";

import { createContext, type ReactNode, type RefObject, useContext, useMemo, useRef, useState } from "react";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { type CloneDraft, draftFrom } from "./clone-draft.ts";
import { CloneForm } from "./clone-form.tsx";
import { CloneRun } from "./clone-run.tsx";

interface CloneDialogControl {
  /**
   * Opens the dialog. `source` is `pool/[namespace/]image` or `pool/[namespace/]image@snapshot`; without it the user
   * chooses the source in the dialog.
   */
  openClone: (source?: string) => void;
}

const CloneDialogContext = createContext<CloneDialogControl>({ openClone: () => {} });

/** Opens the clone dialog from anywhere in the console. */
export function useCloneDialog(): CloneDialogControl {
  return useContext(CloneDialogContext);
}

/** The clone dialog. The console has one, shared by all pages. */
export function CloneDialogProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [source, setSource] = useState<string | undefined>();
  const nameField = useRef<HTMLInputElement>(null);
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
      <Dialog open={open} onOpenChange={setOpen}>
        <DialogContent
          title="Clone an image"
          description="A copy-on-write clone is ready at once and shares the data of its parent."
          // When the source is given, the name is the first thing to fill in.
          initialFocus={source === undefined ? true : nameField}
        >
          <CloneSteps source={source} nameField={nameField} onClose={() => setOpen(false)} />
        </DialogContent>
      </Dialog>
    </CloneDialogContext>
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
