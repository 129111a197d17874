"use client";

import { type ReactNode, useMemo, useState } from "react";
import { CloneDialog } from "./clone-dialog.tsx";
import { CloneDialogContext } from "./use-clone-dialog.ts";

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
