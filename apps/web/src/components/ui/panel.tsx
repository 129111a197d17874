import type { ReactNode } from "react";
import { cn } from "#lib/cn.ts";

interface PanelProps {
  title: ReactNode;
  /** Right of the title. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A section of a page in a box. */
export function Panel({ title, aside, children, className }: PanelProps) {
  return (
    <section className={cn("min-w-0 rounded-lg border border-line bg-surface shadow-card", className)}>
      <header className="flex min-h-10 items-center justify-between gap-3 border-line border-b px-4 py-1.5">
        <h2 className="font-medium text-ink text-sm">{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
