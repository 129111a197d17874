"use client";

import {
  Archive,
  CalendarClock,
  HardDrive,
  LayoutDashboard,
  ListTodo,
  type LucideIcon,
  Network,
  Settings,
  Trash2,
} from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { Logo } from "#components/page.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { cn } from "#lib/cn.ts";
import type { Links } from "#lib/links.ts";

interface NavigationPage {
  href: (links: Links) => string;
  label: string;
  icon: LucideIcon;
  /** The paths for which the page is marked as the current one. */
  paths: readonly string[];
  /** Left out of the bar on a phone: the user's menu leads there, too. */
  inUserMenu?: true;
}

/** The pages of the navigation. The page of a single image or task belongs to the page that lists it. */
export const PAGES: readonly NavigationPage[] = [
  { href: (links) => links.overview(), label: "Overview", icon: LayoutDashboard, paths: ["/"] },
  { href: (links) => links.images(), label: "Images", icon: HardDrive, paths: ["/images/", "/image/"] },
  { href: (links) => links.lineage(), label: "Lineage", icon: Network, paths: ["/lineage/"] },
  {
    href: (links) => links.backups(),
    label: "Backups",
    icon: Archive,
    paths: ["/backups/", "/backups/history/", "/backups/point/", "/backups/targets/"],
  },
  {
    href: (links) => links.policies(),
    label: "Policies",
    icon: CalendarClock,
    paths: ["/policies/", "/policy/", "/policies/edit/", "/policies/notifications/"],
  },
  { href: (links) => links.trash(), label: "Trash", icon: Trash2, paths: ["/trash/"] },
  { href: (links) => links.tasks(), label: "Tasks", icon: ListTodo, paths: ["/tasks/", "/task/"] },
  {
    href: (links) => links.settings(),
    label: "Settings",
    icon: Settings,
    paths: ["/settings/"],
    inUserMenu: true,
  },
];

/** The navigation: a column with labels or icons, depending on the width; a bar at the bottom on a phone. */
export function Navigation() {
  const path = usePathname();
  const links = useLinks();
  return (
    <nav
      aria-label="Pages"
      className="flex shrink-0 border-line border-t bg-sunken md:w-14 md:flex-col md:border-t-0 md:border-r xl:w-52"
    >
      <Link
        href={links.overview()}
        className="hidden h-12 items-center gap-2.5 px-4 font-semibold text-base tracking-tight focus-visible:-outline-offset-2 md:flex xl:px-4"
      >
        <Logo className="size-6 shrink-0 text-brand" />
        <span className="sr-only xl:not-sr-only">Coppice</span>
      </Link>
      <ul className="flex flex-1 justify-around p-1.5 md:mt-1 md:flex-col md:justify-start md:gap-0.5 md:px-2">
        {PAGES.map(({ href, label, icon: Icon, paths, inUserMenu }) => {
          const current = paths.includes(path);
          return (
            <li key={label} className={cn("min-w-0 flex-1 md:block md:flex-none", inUserMenu && "hidden")}>
              <Link
                href={href(links)}
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
