import { Select as Base } from "@base-ui/react/select";
import { Check, ChevronsUpDown } from "lucide-react";
import { cn } from "#lib/cn.ts";
import { inputStyle } from "./input.tsx";

export interface SelectOption {
  value: string;
  label: string;
  /** Shown smaller, at the end of the line. */
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

/** One of a few values. */
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
