import Link from "next/link";
import { Badge } from "#components/ui/badge.tsx";
import { SpecText } from "#components/value/spec-text.tsx";
import type { AttentionItem } from "./attention-items.ts";

/** Each with what is wrong; the whole line leads there. */
export function AttentionList({ items }: { items: readonly AttentionItem[] }) {
  return (
    <ul className="divide-y divide-line">
      {items.map(({ key, href, subject, isSpec, label, icon: Icon, tone, text }) => (
        <li key={key}>
          <Link
            href={href}
            prefetch={false}
            className="block px-4 py-2.5 hover:bg-hover focus-visible:-outline-offset-2"
          >
            <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="wrap-anywhere min-w-0 flex-1 font-medium">
                {isSpec ? <SpecText spec={subject} className="text-xs" /> : subject}
              </span>
              <Badge tone={tone}>
                <Icon aria-hidden />
                {label}
              </Badge>
            </span>
            <span className="wrap-anywhere mt-0.5 line-clamp-2 block text-ink-2 text-xs">{text}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
