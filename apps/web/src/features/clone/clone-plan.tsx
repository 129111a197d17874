import type { ClonePlanView } from "@coppice/server/router";
import { CornerDownRight } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/callout.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { toProblem } from "#lib/problem.ts";
import { PlanFacts } from "./plan-facts.tsx";
import { PlanSteps } from "./plan-steps.tsx";

interface ClonePlanProps {
  input: { source: string; target: string } | null;
  plan: ClonePlanView | undefined;
  error: unknown;
  isPending: boolean;
  retry: () => void;
}

/** What will happen, as the server sees it now. */
export function ClonePlan({ input, plan, error, isPending, retry }: ClonePlanProps) {
  return (
    <section aria-label="What will happen" aria-busy={isPending} className="min-h-44">
      {input === null && (
        <p className="flex h-44 items-center justify-center rounded-lg border border-line border-dashed text-ink-3">
          Choose source and name, and see here what will happen.
        </p>
      )}
      {isPending && <PlanSkeleton />}
      {error !== null && error !== undefined && <PlanProblem error={error} retry={retry} />}
      {plan !== undefined && input !== null && (
        <div className="rounded-lg border border-line bg-sunken">
          <PlanSteps plan={plan} source={input.source} target={input.target} />
          <PlanFacts plan={plan} />
        </div>
      )}
      <p role="status" className="sr-only">
        {isPending ? "Planning" : plan !== undefined ? planSentence(plan) : ""}
      </p>
      {plan?.warnings.map((warning) => (
        <Callout key={warning} kind="warn" title={warning} className="mt-2" />
      ))}
    </section>
  );
}

function planSentence({ snapshot }: ClonePlanView): string {
  const verb = snapshot.action === "reuse" ? "Reuses" : "Creates";
  return `${verb} snapshot ${snapshot.name}: ${snapshot.reason}`;
}

function PlanSkeleton() {
  return (
    <div className="flex h-44 flex-col gap-3 rounded-lg border border-line bg-sunken p-4">
      <p className="flex items-center gap-2 text-ink-3">
        <CornerDownRight aria-hidden className="size-4" />
        Looking for a snapshot that nothing has changed since…
      </p>
      <Skeleton className="w-4/5" />
      <Skeleton className="w-3/5" />
      <Skeleton className="mt-auto w-2/3" />
    </div>
  );
}

function PlanProblem({ error, retry }: { error: unknown; retry: () => void }) {
  const problem = toProblem(error);
  return (
    <Callout
      kind="danger"
      title={problem.message}
      announce
      actions={
        <Button size="sm" onClick={retry}>
          Try again
        </Button>
      }
    >
      {problem.hint}
      <span className="mt-1 block font-mono text-2xs text-ink-3">{problem.code}</span>
    </Callout>
  );
}
