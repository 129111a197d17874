import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "#lib/cn.ts";
import { buttonStyle } from "./button.tsx";

export const Dialog = Base.Root;

interface DialogContentProps {
  title: ReactNode;
  /** A sentence below the title; null for none. */
  description: ReactNode | null;
  children: ReactNode;
  className?: string;
  initialFocus?: ComponentProps<typeof Base.Popup>["initialFocus"];
}

/** A panel over the page. It traps the focus, which returns to its former place when the dialog closes. */
export function DialogContent({ title, description, children, className, initialFocus }: DialogContentProps) {
  return (
    <Base.Portal>
      <Base.Backdrop className="fixed inset-0 z-40 bg-scrim transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
      <Base.Viewport className="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto p-3 sm:p-[8vh_1rem_2rem]">
        <Base.Popup
          initialFocus={initialFocus}
          className={cn(
            "relative w-full max-w-xl rounded-xl bg-popup shadow-popup outline-hidden transition-[opacity,scale] duration-150 data-ending-style:scale-98 data-starting-style:scale-98 data-ending-style:opacity-0 data-starting-style:opacity-0",
            className,
          )}
        >
          <header className="border-line border-b px-5 py-3.5 pr-12">
            <Base.Title className="font-semibold text-lg leading-6">{title}</Base.Title>
            {description !== null && (
              <Base.Description className="mt-0.5 text-ink-2 text-sm">{description}</Base.Description>
            )}
          </header>
          {children}
          <Base.Close
            aria-label="Close"
            className={cn(buttonStyle({ variant: "ghost", size: "icon-sm" }), "absolute top-3 right-3")}
          >
            <X aria-hidden />
          </Base.Close>
        </Base.Popup>
      </Base.Viewport>
    </Base.Portal>
  );
}
