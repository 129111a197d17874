import { type ReactNode, useState } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Dialog, DialogContent } from "#components/ui/dialog.tsx";
import { Field, Input } from "#components/ui/form.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { type Problem, toProblem } from "#lib/api.ts";

interface ConfirmDialogProps {
  title: string;
  /** What will happen. */
  children: ReactNode;
  /** Label of the button that does it. */
  action: string;
  danger?: boolean;
  /** A word that has to be typed before it is done, for what cannot be undone. */
  typed?: string;
  /** Rejects when it failed; the dialog then stays open and shows why. */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something is done, and shows the error in place when it cannot be done. */
export function ConfirmDialog({
  title,
  children,
  action,
  danger = false,
  typed,
  onConfirm,
  onClose,
}: ConfirmDialogProps) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [pending, setPending] = useState(false);
  const confirm = async () => {
    setPending(true);
    setProblem(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(toProblem(error));
      setPending(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()}>
      <DialogContent title={title} description={null} className="max-w-lg">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void confirm();
          }}
        >
          <div className="flex flex-col gap-3 px-5 py-4 text-ink-2">
            {children}
            {typed !== undefined && (
              <Field label={`Type ${typed} to confirm`}>
                {(control) => (
                  <Input
                    {...control}
                    value={text}
                    onValueChange={setText}
                    autoComplete="off"
                    autoCapitalize="none"
                    spellCheck={false}
                  />
                )}
              </Field>
            )}
            {problem !== null && <ProblemCallout problem={problem} announce />}
          </div>
          <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              variant={danger ? "danger" : "primary"}
              disabled={pending || (typed !== undefined && text !== typed)}
              focusableWhenDisabled
            >
              {pending && <Spinner />}
              {action}
            </Button>
          </footer>
        </form>
      </DialogContent>
    </Dialog>
  );
}
