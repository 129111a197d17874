import type { ReactNode } from "react";

/** A page's heading, with what belongs beside it. */
export function PageHeader({
  title,
  note,
  children,
}: {
  title: string;
  note?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
      <h1 className="font-semibold text-lg tracking-tight">{title}</h1>
      {note !== undefined && <span className="text-ink-3 text-xs tabular-nums">{note}</span>}
      <div className="ml-auto flex items-center gap-2">{children}</div>
    </header>
  );
}
