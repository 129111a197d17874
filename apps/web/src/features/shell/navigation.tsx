"use client";

import { HardDrive, LayoutDashboard, ListTodo, type LucideIcon, Network } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { Logo } from "#components/page.tsx";
import { cn } from "#lib/cn.ts";

interface Place {
  href: string;
  label: string;
  icon: LucideIcon;
  /** Paths that belong to this place, its own among them. */
  paths: readonly string[];
}

/** The pages one goes to; a page of one thing belongs to the list it is in. */
export const PLACES: readonly Place[] = [
  { href: "/", label: "Overview", icon: LayoutDashboard, paths: ["/"] },
  { href: "/images/", label: "Images", icon: HardDrive, paths: ["/images/", "/image/"] },
  { href: "/lineage/", label: "Lineage", icon: Network, paths: ["/lineage/"] },
  { href: "/tasks/", label: "Tasks", icon: ListTodo, paths: ["/tasks/", "/task/"] },
];

/** Left: with labels when there is room, icons when there is less, a bar at the bottom on a phone. */
export function Navigation() {
  const here = usePathname();
  return (
    <nav
      aria-label="Pages"
      className="flex shrink-0 border-line border-t bg-sunken md:w-14 md:flex-col md:border-t-0 md:border-r xl:w-52"
    >
      <Link
        href="/"
        className="hidden h-12 items-center gap-2.5 px-4 font-semibold text-base tracking-tight focus-visible:-outline-offset-2 md:flex xl:px-4"
      >
        <Logo className="size-6 shrink-0 text-brand" />
        <span className="sr-only xl:not-sr-only">Coppice</span>
      </Link>
      <ul className="flex flex-1 justify-around p-1.5 md:mt-1 md:flex-col md:justify-start md:gap-0.5 md:px-2">
        {PLACES.map(({ href, label, icon: Icon, paths }) => {
          const current = paths.includes(here);
          return (
            <li key={href} className="min-w-0 flex-1 md:flex-none">
              <Link
                href={href}
                title={label}
                aria-current={current ? "page" : undefined}
                className={cn(
                  "flex flex-col items-center gap-0.5 rounded-md px-2 py-1 text-2xs text-ink-2 transition-colors hover:bg-hover hover:text-ink md:h-9 md:flex-row md:justify-center md:gap-2.5 md:py-0 md:text-sm xl:h-8 xl:justify-start",
                  current && "bg-brand-soft font-medium text-brand hover:bg-brand-soft hover:text-brand",
                )}
              >
                <Icon aria-hidden className="size-4.5 shrink-0 md:size-4" />
                <span className="md:sr-only xl:not-sr-only">{label}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
