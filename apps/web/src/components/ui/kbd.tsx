import type { ReactNode } from "react";
import { cn } from "#lib/cn.ts";

/** A key, as it is written on the keyboard. */
export function Kbd({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <kbd
      className={cn(
        "inline-flex h-4.5 min-w-4.5 items-center justify-center rounded border border-line bg-sunken px-1 font-sans text-2xs text-ink-3",
        className,
      )}
    >
      {children}
    </kbd>
  );
}
