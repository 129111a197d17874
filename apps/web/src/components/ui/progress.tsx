import { Progress as Base } from "@base-ui/react/progress";
import { LoaderCircle } from "lucide-react";
import { cn } from "#lib/cn.ts";

interface ProgressBarProps {
  label: string;
  done: number;
  /** Null while the total is unknown: the bar then shows activity only. */
  total: number | null;
  tone?: "brand" | "danger" | "neutral";
  className?: string;
}

const FILL = { brand: "bg-brand", danger: "bg-danger", neutral: "bg-ink-3" } as const;

/** A progress bar. The number has to be shown as text beside it. */
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

/** Shows that something is in progress. A text beside it has to say what. */
export function Spinner({ className }: { className?: string }) {
  return <LoaderCircle aria-hidden className={cn("size-4 animate-spin-slow", className)} />;
}

/** A placeholder for text that is being loaded. Hidden from screen readers; the region around it is `aria-busy`. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn("h-3.5 animate-pulse-soft rounded bg-hover", className)} />;
}
