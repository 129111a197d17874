import type { ReactNode } from "react";
import { Skeleton } from "#components/ui/progress.tsx";
import { cn } from "#lib/cn.ts";

interface Column {
  label: string;
  /** Width and the screens on which the column is shown. */
  className?: string;
  /** Whether the label is for screen readers only: the column of the menus. */
  quiet?: true;
}

/** A plain table of a settings page. Narrow screens show fewer columns. */
export function SettingsTable({ columns, children }: { columns: readonly Column[]; children: ReactNode }) {
  return (
    <table className="w-full table-fixed">
      <thead className="border-line border-b bg-sunken">
        <tr>
          {columns.map(({ label, className, quiet = false }) => (
            <th
              key={label}
              scope="col"
              className={cn("h-9 px-4 text-left font-medium text-ink-3 text-xs", className)}
            >
              {quiet ? <span className="sr-only">{label}</span> : label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y divide-line">{children}</tbody>
    </table>
  );
}

export function Cell({ children, className }: { children: ReactNode; className?: string }) {
  return <td className={cn("px-4 py-2.5 align-top", className)}>{children}</td>;
}

/** The box around a table. */
export function TableBox({ children }: { children: ReactNode }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">{children}</div>
  );
}

export function TableSkeleton({ rows = 4 }: { rows?: number }) {
  return (
    <div aria-busy="true" className="divide-y divide-line">
      <div className="h-9 bg-sunken" />
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-10 items-center gap-6 px-4">
          <Skeleton className="w-40" />
          <Skeleton className="ml-auto hidden w-28 sm:block" />
        </div>
      ))}
    </div>
  );
}
