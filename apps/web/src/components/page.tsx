import { ChevronRight } from "lucide-react";
import Link from "next/link";
import { type ReactNode, useEffect } from "react";
import { visibleName } from "#lib/spec.ts";

/** The heading of a page with a note and controls beside it. */
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

interface BreadcrumbsProps {
  /** The outermost first. */
  items: readonly { href: string; label: ReactNode; note?: string }[];
  current: ReactNode;
}

/** The path from a list, or from the root of an image, to the subject of the page. */
export function Breadcrumbs({ items, current }: BreadcrumbsProps) {
  return (
    <nav aria-label="Breadcrumbs">
      <ol className="flex flex-wrap items-center gap-x-1 gap-y-0.5 text-ink-3 text-xs">
        {items.map(({ href, label, note }) => (
          <li key={href} className="flex min-w-0 items-center gap-1">
            <Link href={href} className="wrap-anywhere rounded-sm hover:text-ink hover:underline">
              {label}
            </Link>
            {note !== undefined && <span className="font-mono text-2xs">@{note}</span>}
            <ChevronRight aria-hidden className="size-3.5 shrink-0" />
          </li>
        ))}
        <li aria-current="page" className="wrap-anywhere min-w-0 text-ink-2">
          {current}
        </li>
      </ol>
    </nav>
  );
}

/** Sets the title of the window, which identifies the page in tabs and in the history. Null leaves it unchanged. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    if (title !== null) document.title = `${visibleName(title)} · Coppice`;
  }, [title]);
}

/** The logo. It is decorative, because the name stands beside it. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={className}
    >
      <path d="M5 21h14" />
      <path d="M12 21V5" />
      <path d="M9 21c0-4-3.5-4.5-3.5-9.5" />
      <path d="M15 21c0-4 3.5-4.5 3.5-9.5" />
      <circle cx="12" cy="4" r="1.5" fill="currentColor" />
      <circle cx="5.5" cy="10" r="1.5" fill="currentColor" />
      <circle cx="18.5" cy="10" r="1.5" fill="currentColor" />
    </svg>
  );
}
