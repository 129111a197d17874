"use client";

import type { ImageListPage } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { cn } from "#lib/cn.ts";
import { formatCount } from "#lib/format/count.ts";
import { trpc } from "#lib/trpc/trpc.ts";

/** How many images of each sort; each number leads to them. */
export function Figures({ problems }: { problems: ImageListPage | undefined }) {
  const clones = useQuery(trpc.images.list.queryOptions({ kind: "clones", limit: 1 })).data?.filtered;
  const trash = useQuery(trpc.images.list.queryOptions({ kind: "trash", limit: 1 })).data?.filtered;
  return (
    <ul className="grid grid-cols-2 gap-3 md:grid-cols-4">
      <Figure label="Images" value={problems?.total} href="/images/" />
      <Figure label="Clones" value={clones} href="/images/?kind=clones" />
      <Figure label="In trash" value={trash} href="/images/?kind=trash" />
      <Figure label="With a problem" value={problems?.filtered} href="/images/?kind=problems" warn />
    </ul>
  );
}

interface FigureProps {
  label: string;
  value: number | undefined;
  href: string;
  /** Anything but zero asks for attention. */
  warn?: boolean;
}

function Figure({ label, value, href, warn = false }: FigureProps) {
  return (
    <li>
      <Link
        href={href}
        className="block rounded-lg border border-line bg-surface px-4 py-3 shadow-card transition-colors hover:border-line-strong hover:bg-hover"
      >
        <span className="block text-ink-3 text-xs">{label}</span>
        {value === undefined ? (
          <Skeleton className="mt-1.5 h-5 w-16" />
        ) : (
          <span
            className={cn(
              "mt-0.5 block font-semibold text-xl tabular-nums",
              warn && value > 0 && "text-warn",
            )}
          >
            {formatCount(value)}
          </span>
        )}
      </Link>
    </li>
  );
}
