"use client";

import { cn } from "#lib/cn.ts";
import { absoluteTime, relativeTime } from "#lib/format/time.ts";
import { useNow } from "#lib/use-now.ts";

interface TimeProps {
  /** ISO 8601, as the server sends it. */
  at: string;
  /** `relative` shows the moment on hover, `absolute` the distance, `both` the two. */
  show?: "relative" | "absolute" | "both";
  className?: string;
}

/** A moment: relative and absolute with its zone. */
export function Time({ at, show = "relative", className }: TimeProps) {
  const now = useNow();
  const moment = new Date(at);
  const near = relativeTime(moment, now);
  const full = absoluteTime(moment);
  return (
    <time
      dateTime={at}
      title={show === "relative" ? full : show === "absolute" ? near : undefined}
      className={cn("whitespace-nowrap tabular-nums", className)}
    >
      {show === "absolute" ? full : near}
      {show === "both" && <span className="text-ink-3"> · {full}</span>}
    </time>
  );
}
