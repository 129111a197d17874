import { CircleAlert } from "lucide-react";
import { type ReactNode, useId } from "react";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
  /** Draws the control with the ids that tie it to label, hint and error. */
  children: (control: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
  className?: string;
}

/** A labelled control with a hint under it, replaced by the error when there is one. */
export function Field({ label, hint, error, children, className }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const hasNote = Boolean(error) || hint !== undefined;
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-medium text-ink-2 text-xs">
        {label}
      </label>
      {children({
        id,
        ...(hasNote ? { "aria-describedby": noteId } : {}),
        ...(error ? { "aria-invalid": true as const } : {}),
      })}
      {hasNote && (
        <div id={noteId} className="mt-1 text-xs">
          {error ? (
            <span className="flex items-start gap-1 text-danger">
              <CircleAlert aria-hidden className="mt-px size-3.5 shrink-0" />
              {error}
            </span>
          ) : (
            <span className="text-ink-3">{hint}</span>
          )}
        </div>
      )}
    </div>
  );
}
