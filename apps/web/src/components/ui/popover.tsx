import { Popover as Base } from "@base-ui/react/popover";
import { Tooltip as BaseTooltip } from "@base-ui/react/tooltip";
import type { ReactElement, ReactNode } from "react";
import { cn } from "#lib/cn.ts";

export const Popover = Base.Root;
export const PopoverTrigger = Base.Trigger;

interface PopoverContentProps {
  title: string;
  children: ReactNode;
  /** Which edge of the panel is aligned with the trigger. */
  align?: "start" | "end";
  className?: string;
}

/** A panel beside its trigger. `title` is its accessible name. */
export function PopoverContent({ title, children, align = "end", className }: PopoverContentProps) {
  return (
    <Base.Portal>
      <Base.Positioner side="bottom" align={align} sideOffset={6} collisionPadding={8} className="z-40">
        <Base.Popup
          className={cn(
            "max-h-(--available-height) max-w-(--available-width) origin-(--transform-origin) overflow-y-auto rounded-lg bg-popup shadow-popup outline-hidden transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0",
            className,
          )}
        >
          <Base.Title className="sr-only">{title}</Base.Title>
          {children}
        </Base.Popup>
      </Base.Positioner>
    </Base.Portal>
  );
}

/** Opens tooltips without a delay while the pointer moves from one to the next. */
export const TooltipProvider = BaseTooltip.Provider;

interface TooltipProps {
  label: ReactNode;
  side?: "top" | "right" | "bottom" | "left";
  /** The element that the tooltip explains. Its accessible name must not depend on the tooltip. */
  children: ReactElement<Record<string, unknown>>;
}

/** An explanation of an element, shown on hover and on focus. */
export function Tooltip({ label, side = "top", children }: TooltipProps) {
  return (
    <BaseTooltip.Root>
      <BaseTooltip.Trigger render={children} />
      <BaseTooltip.Portal>
        <BaseTooltip.Positioner side={side} sideOffset={6} className="z-50">
          <BaseTooltip.Popup className="max-w-80 origin-(--transform-origin) rounded-md bg-ink px-2 py-1 text-canvas text-xs shadow-popup transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0">
            {label}
          </BaseTooltip.Popup>
        </BaseTooltip.Positioner>
      </BaseTooltip.Portal>
    </BaseTooltip.Root>
  );
}
