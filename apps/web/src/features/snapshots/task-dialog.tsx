"use client";

import type { FormEvent, ReactNode, RefObject } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { DialogContent } from "#components/ui/dialog.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { toProblem } from "#lib/api.ts";

interface TaskDialogProps {
  title: string;
  description: ReactNode;
  children: ReactNode;
  /** The button that starts the task. */
  action: string;
  tone?: "primary" | "danger";
  disabled?: boolean;
  /** The mutation that starts it. */
  start: { isPending: boolean; isError: boolean; error: unknown };
  onStart: () => void;
  onClose: () => void;
  initialFocus?: RefObject<HTMLInputElement | null>;
}

/** A dialog that asks for what a task needs, and starts it. An error stays in it. */
export function TaskDialog({
  title,
  description,
  children,
  action,
  tone = "primary",
  disabled = false,
  start,
  onStart,
  onClose,
  initialFocus,
}: TaskDialogProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!disabled && !start.isPending) onStart();
  };
  return (
    <DialogContent
      title={title}
      description={description}
      {...(initialFocus === undefined ? {} : { initialFocus })}
    >
      <form onSubmit={submit} noValidate>
        <div className="flex flex-col gap-4 px-5 py-4">
          {children}
          {start.isError && <ProblemCallout problem={toProblem(start.error)} announce />}
        </div>
        <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant={tone} disabled={disabled || start.isPending} focusableWhenDisabled>
            {start.isPending && <Spinner />}
            {action}
          </Button>
        </footer>
      </form>
    </DialogContent>
  );
}
