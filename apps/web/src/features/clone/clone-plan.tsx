import type { ClonePlanView } from "@coppice/server/router";
import { skipToken, useQuery } from "@tanstack/react-query";
import { Camera, CopyPlus, CornerDownRight, type LucideIcon, Recycle, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "#components/ui/button.tsx";
import { useDebounced } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { type CloneDraft, toCloneInput } from "./clone-draft.ts";

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

interface PlanStepsProps {
  plan: ClonePlanView;
  source: string;
  target: string;
}

/** The steps in the order they are taken, each with its reason. */
export function PlanSteps({ plan, target }: PlanStepsProps) {
  const { snapshot } = plan;
  const reused = snapshot.action === "reuse";
  return (
    <ol className="flex flex-col gap-3 p-4">
      <Step icon={reused ? Recycle : Camera} note={snapshot.reason} accent={reused}>
        {reused ? "Reuses" : "Creates"} snapshot <Name>{snapshot.name}</Name>
      </Step>
      {plan.protect && (
        <Step icon={ShieldCheck} note="A clone of format 1 needs a protected snapshot.">
          Protects <Name>{snapshot.name}</Name>
        </Step>
      )}
      <Step icon={CopyPlus} note={null}>
        Clones it as <Name>{target}</Name>
      </Step>
    </ol>
  );
}

interface StepProps {
  icon: LucideIcon;
  note: string | null;
  accent?: boolean;
  children: ReactNode;
}

function Step({ icon: Icon, note, accent = false, children }: StepProps) {
  return (
    <li className="flex items-start gap-3">
      <span
        className={cn(
          "flex size-6 shrink-0 items-center justify-center rounded-full border border-line bg-surface text-ink-3",
          accent && "border-brand-line bg-brand-soft text-brand",
        )}
      >
        <Icon aria-hidden className="size-3.5" />
      </span>
      <div className="wrap-anywhere min-w-0 pt-0.5">
        <p className="font-medium">{children}</p>
        {note !== null && <p className="text-ink-2 text-xs first-letter:uppercase">{note}</p>}
      </div>
    </li>
  );
}

function Name({ children }: { children: ReactNode }) {
  return <span className="font-mono text-xs">{children}</span>;
}

/** Stripes are only worth a word when they are not one object each. */
function stripes(plan: ClonePlanView): ReactNode {
  if (plan.stripeCount === 1) return null;
  return (
    <Fact name="Stripes">
      {plan.stripeCount} × <Bytes value={plan.stripeUnit} />
    </Fact>
  );
}

function protection({ protect, cloneFormat }: ClonePlanView): string {
  if (protect) return "is added";
  return cloneFormat === 1 ? "is there" : "not needed";
}

/** What the clone takes over from its source. */
export function PlanFacts({ plan }: { plan: ClonePlanView }) {
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-2 border-line border-t px-4 py-3">
      <Fact name="Size">
        <Bytes value={plan.size} />
      </Fact>
      <Fact name="Objects">
        <Bytes value={plan.objectSize} />
      </Fact>
      {stripes(plan)}
      <Fact name="Depth">{plan.depth}</Fact>
      <Fact name="Clone format">{plan.cloneFormat}</Fact>
      <Fact name="Protection">{protection(plan)}</Fact>
      <Fact name="Features">{plan.features.join(", ") || "none"}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-2xs text-ink-3">{name}</dt>
      <dd className="text-xs tabular-nums">{children}</dd>
    </div>
  );
}

const TYPING_PAUSE_MS = 250;

/**
 * The server's plan for what the form says now. It looks at the cluster each time, so the answer is not kept; a
 * question that is no longer asked is cancelled on the server too.
 */
export function useClonePlan(draft: CloneDraft) {
  const input = toCloneInput(draft);
  const settled = useDebounced(input === null ? "" : JSON.stringify(input), TYPING_PAUSE_MS);
  const current = input !== null && settled === JSON.stringify(input);
  const query = useQuery(
    trpc.clone.plan.queryOptions(current ? input : skipToken, {
      staleTime: 0,
      gcTime: 0,
      retry: false,
      refetchOnWindowFocus: false,
      trpc: { abortOnUnmount: true },
    }),
  );
  return {
    /** Null while the form is not complete. */
    input,
    plan: current && !query.isFetching ? query.data : undefined,
    error: current && !query.isFetching ? query.error : null,
    isPending: input !== null && (!current || query.isFetching),
    retry: () => void query.refetch(),
  };
}
