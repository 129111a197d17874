import { cn } from "#lib/cn.ts";

/** A grey bar in the place of text that is on its way. Hidden from screen readers; the region says it is busy. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn("h-3.5 animate-pulse-soft rounded bg-hover", className)} />;
}
