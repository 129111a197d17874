import { Popover as Base } from "@base-ui/react/popover";
import type { ReactNode } from "react";
import { cn } from "#lib/cn.ts";

export const Popover = Base.Root;
export const PopoverTrigger = Base.Trigger;

interface PopoverContentProps {
  title: string;
  children: ReactNode;
  /** Which edges of trigger and panel are in line. */
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
