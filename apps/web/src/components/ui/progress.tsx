import { Progress as Base } from "@base-ui/react/progress";
import { LoaderCircle } from "lucide-react";
import { cn } from "#lib/cn.ts";

interface ProgressBarProps {
  label: string;
  done: number;
  /** Null while the end is not known: the bar then only moves. */
  total: number | null;
  tone?: "brand" | "danger" | "neutral";
  className?: string;
}

const FILL = { brand: "bg-brand", danger: "bg-danger", neutral: "bg-ink-3" } as const;

/** How far something is. The number stands beside it in text. */
export function ProgressBar({ label, done, total, tone = "brand", className }: ProgressBarProps) {
  const known = total !== null && total > 0;
  return (
    <Base.Root
      aria-label={label}
      value={known ? Math.min(100, (done / total) * 100) : null}
      className={cn("block", className)}
    >
      <Base.Track className="relative h-1.5 overflow-hidden rounded-full bg-hover">
        <Base.Indicator
          className={cn(
            "block h-full rounded-full transition-[width] duration-300",
            FILL[tone],
            !known && "w-1/3 animate-indeterminate motion-reduce:w-full motion-reduce:opacity-50",
          )}
        />
      </Base.Track>
    </Base.Root>
  );
}

/** Something is under way. Beside text that says what. */
export function Spinner({ className }: { className?: string }) {
  return <LoaderCircle aria-hidden className={cn("size-4 animate-spin-slow", className)} />;
}

/** A grey bar in the place of text that is on its way. Hidden from screen readers; the region says it is busy. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn("h-3.5 animate-pulse-soft rounded bg-hover", className)} />;
}
