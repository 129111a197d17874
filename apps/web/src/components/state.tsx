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
  /** The level of the heading: `h1` when it takes the place of the whole page. */
  heading?: "h1" | "h2";
  children?: ReactNode;
  actions?: ReactNode;
  className?: string;
}

/** Takes the place of an empty list: says why it is empty and what to do about it. */
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
  /** Which operation failed. */
  title: string;
  /** The level of the heading: `h1` when it takes the place of the whole page. */
  heading?: "h1" | "h2";
  problem: Problem;
  onRetry: () => void;
  className?: string;
}

/** Takes the place of content that could not be loaded. */
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

/** Stands above data that is still shown although the latest update failed. `since` is the time of the last update. */
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
          This data was last updated <Time at={since} />. The latest update failed.
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

/** An error in the place that it is about: what happened, what to do, the code and the object. */
export function ProblemCallout({
  problem: { message, hint, code, object },
  announce = false,
  actions,
}: {
  problem: Omit<Problem, "object"> & { object?: string | null };
  announce?: boolean;
  actions?: ReactNode;
}) {
  return (
    <Callout kind="danger" title={message} announce={announce} actions={actions}>
      {hint}
      <span className="mt-1 block font-mono text-2xs text-ink-3">
        {[code, object].filter(Boolean).join(" · ")}
      </span>
    </Callout>
  );
}
