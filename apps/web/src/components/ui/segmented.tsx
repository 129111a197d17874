import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";
import type { ReactNode } from "react";
import { cn } from "#lib/cn.ts";

interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  onValueChange: (value: T) => void;
  options: readonly { value: T; label: string; icon?: ReactNode }[];
  /** Show icons alone; the labels stay as accessible names. */
  iconOnly?: boolean;
  className?: string;
}

/** One of two to five choices, all in sight. */
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
