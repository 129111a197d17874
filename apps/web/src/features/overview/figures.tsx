"use client";

import type { ImageListPage } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { cn } from "#lib/cn.ts";
import { formatCount } from "#lib/format/count.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import type { Problems } from "./use-problems.ts";

/** How many images of each sort; each number leads to them. */
export function Figures({ problems }: { problems: Problems }) {
  const clones = useQuery(trpc.images.list.queryOptions({ kind: "clones", limit: 1 }));
  const trash = useQuery(trpc.images.list.queryOptions({ kind: "trash", limit: 1 }));
  return (
    <ul className="grid grid-cols-2 gap-3 md:grid-cols-4">
      <Figure label="Images" value={figure(problems, "total")} href="/images/" />
      <Figure label="Clones" value={figure(clones, "filtered")} href="/images/?kind=clones" />
      <Figure label="In trash" value={figure(trash, "filtered")} href="/images/?kind=trash" />
      <Figure
        label="With a problem"
        value={figure(problems, "filtered")}
        href="/images/?kind=problems"
        warn
      />
    </ul>
  );
}

/** A number of a list: undefined while it is on its way, null when it did not come. */
function figure(
  { data, isError }: { data: ImageListPage | undefined; isError: boolean },
  of: "total" | "filtered",
): number | null | undefined {
  return data?.[of] ?? (isError ? null : undefined);
}

interface FigureProps {
  label: string;
  /** Null when it cannot be known. */
  value: number | null | undefined;
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
              warn && value !== null && value > 0 && "text-warn",
            )}
          >
            {value === null ? "–" : formatCount(value)}
          </span>
        )}
      </Link>
    </li>
  );
}
