import { CircleAlert, RotateCw } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { cn } from "#lib/cn.ts";
import type { Problem } from "#lib/problem.ts";

interface ErrorStateProps {
  /** What could not be done. */
  title: string;
  /** What the title is in the outline of the page: `h1` where it stands for the whole page. */
  heading?: "h1" | "h2";
  problem: Problem;
  onRetry: () => void;
  className?: string;
}

/** Where something would be that could not be read. */
export function ErrorState({ title, heading: Heading = "h2", problem, onRetry, className }: ErrorStateProps) {
  return (
    <div role="alert" className={cn("flex flex-col items-center px-6 py-14 text-center", className)}>
      <span className="mb-3 flex size-10 items-center justify-center rounded-lg border border-danger-line bg-danger-soft text-danger">
        <CircleAlert aria-hidden className="size-5" />
      </span>
      <Heading className="font-medium text-base">{title}</Heading>
      <p className="wrap-anywhere mt-1 max-w-lg text-ink-2">{problem.message}</p>
      {problem.hint !== null && <p className="wrap-anywhere mt-1 max-w-lg text-ink-2">{problem.hint}</p>}
      <p className="mt-2 font-mono text-2xs text-ink-3">{problem.code}</p>
      <Button className="mt-4" onClick={onRetry}>
        <RotateCw aria-hidden />
        Try again
      </Button>
    </div>
  );
}
