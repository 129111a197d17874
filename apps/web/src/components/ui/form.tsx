import { Input as BaseInput } from "@base-ui/react/input";
import { Select as Base } from "@base-ui/react/select";
import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";
import { Check, ChevronsUpDown, CircleAlert } from "lucide-react";
import { type ComponentProps, type ReactNode, useEffect, useId, useState } from "react";
import { cn } from "#lib/cn.ts";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
  /** Renders the control with the attributes that connect it to its label, hint and error. */
  children: (control: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
  className?: string;
}

/** A control with a label above it and a hint or an error below it. */
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

export const inputStyle =
  "h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-ink shadow-card transition-colors placeholder:text-ink-3 hover:border-ink-3 focus-visible:border-brand focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-ring/40 disabled:bg-sunken disabled:text-ink-3 aria-invalid:border-danger";

/** A text input of one line. */
export function Input({
  className,
  ...props
}: Omit<ComponentProps<typeof BaseInput>, "className"> & { className?: string }) {
  return <BaseInput className={cn(inputStyle, className)} {...props} />;
}

export interface SelectOption {
  value: string;
  label: string;
  /** Shown in small print at the end of the line. */
  note?: string;
}

interface SelectProps {
  options: readonly SelectOption[];
  value: string;
  onValueChange: (value: string) => void;
  className?: string;
  mono?: boolean;
  id?: string;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

/** A choice of one value from a list that opens. */
export function Select({ options, value, onValueChange, className, mono = false, ...control }: SelectProps) {
  return (
    <Base.Root items={options} value={value} onValueChange={(next) => next !== null && onValueChange(next)}>
      <Base.Trigger
        className={cn(
          inputStyle,
          "flex items-center justify-between gap-2 text-left",
          mono && "font-mono text-xs",
          className,
        )}
        {...control}
      >
        <Base.Value className="truncate" />
        <Base.Icon render={<ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-ink-3" />} />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50 outline-hidden">
          <Base.Popup className="max-h-[min(20rem,var(--available-height))] min-w-(--anchor-width) overflow-y-auto rounded-lg bg-popup p-1 shadow-popup outline-hidden transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0">
            <Base.List>
              {options.map((option) => (
                <Base.Item
                  key={option.value}
                  value={option.value}
                  className={cn(
                    "grid cursor-default select-none grid-cols-[1rem_1fr_auto] items-center gap-2 rounded px-2 py-1.5 text-sm outline-hidden data-highlighted:bg-hover",
                    mono && "font-mono text-xs",
                  )}
                >
                  <Base.ItemIndicator
                    className="col-start-1"
                    render={<Check aria-hidden className="size-3.5 text-brand" />}
                  />
                  <Base.ItemText className="col-start-2 truncate">{option.label}</Base.ItemText>
                  {option.note !== undefined && (
                    <span className="col-start-3 pl-3 font-sans text-2xs text-ink-3 tabular-nums">
                      {option.note}
                    </span>
                  )}
                </Base.Item>
              ))}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  onValueChange: (value: T) => void;
  options: readonly { value: T; label: string; icon?: ReactNode }[];
  /** Whether only the icons are shown. The labels remain as accessible names. */
  iconOnly?: boolean;
  className?: string;
}

/** A choice of one value from two to five that are all visible. */
export function Segmented<T extends string>({
  label,
  value,
  onValueChange,
  options,
  iconOnly = false,
  className,
}: SegmentedProps<T>) {
  return (
    <ToggleGroup
      aria-label={label}
      value={[value]}
      onValueChange={([next]) => {
        const chosen = options.find((option) => option.value === next);
        if (chosen !== undefined) onValueChange(chosen.value);
      }}
      className={cn(
        "inline-flex h-8 shrink-0 items-center gap-0.5 rounded-md border border-line bg-sunken p-0.5",
        className,
      )}
    >
      {options.map((option) => (
        <Toggle
          key={option.value}
          value={option.value}
          aria-label={iconOnly ? option.label : undefined}
          className="inline-flex h-full select-none items-center gap-1.5 rounded-[5px] border border-transparent px-2 text-ink-2 text-xs transition-colors hover:text-ink data-pressed:border-line-strong data-pressed:bg-surface data-pressed:font-medium data-pressed:text-ink data-pressed:shadow-card [&_svg]:size-3.5"
        >
          {option.icon}
          {!iconOnly && option.label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}

/** The latest `value` that has not changed for `delayMs` milliseconds. */
export function useDebounced<T>(value: T, delayMs: number): T {
  const [debounced, setDebounced] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return debounced;
}
