import { ChevronRight } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";

interface BreadcrumbsProps {
  /** From the outermost inwards. */
  items: readonly { href: string; label: ReactNode; note?: string }[];
  current: ReactNode;
}

/** The way from a list, or from an image's root, to what the page shows. */
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
