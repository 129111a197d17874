import { CircleAlert, type LucideIcon, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/panel.tsx";
import type { Problem } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { Time } from "./values.tsx";

interface EmptyStateProps {
  icon: LucideIcon;
  title: string;
  /** What the title is in the outline of the page: `h1` where it stands for the whole page. */
  heading?: "h1" | "h2";
  children?: ReactNode;
  actions?: ReactNode;
  className?: string;
}

/** Where a list would be when there is nothing to list: why, and what to do about it. */
export function EmptyState({
  icon: Icon,
  title,
  heading: Heading = "h2",
  children,
  actions,
  className,
}: EmptyStateProps) {
  return (
    <div className={cn("flex flex-col items-center px-6 py-14 text-center", className)}>
      <span className="mb-3 flex size-10 items-center justify-center rounded-lg border border-line bg-sunken text-ink-3">
        <Icon aria-hidden className="size-5" />
      </span>
      <Heading className="font-medium text-base text-ink">{title}</Heading>
      {children !== undefined && <div className="mt-1 max-w-md text-balance text-ink-2">{children}</div>}
      {actions !== undefined && <div className="mt-4 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}

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

/** Above data that is still shown although it could not be read again. `since` is when it was last read. */
export function StaleNotice({
  problem,
  since,
  onRetry,
}: {
  problem: Problem;
  since: string;
  onRetry: () => void;
}) {
  return (
    <Callout
      kind="warn"
      title={
        <>
          What you see was read <Time at={since} />; reading it again failed.
        </>
      }
      actions={
        <Button size="sm" onClick={onRetry}>
          <RotateCw aria-hidden />
          Try again
        </Button>
      }
    >
      {problem.message} {problem.hint}
    </Callout>
  );
}
