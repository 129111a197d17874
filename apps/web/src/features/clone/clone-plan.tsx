import type { CloneInput, ClonePlanView } from "@coppice/server/router";
import { skipToken, useQuery } from "@tanstack/react-query";
import { Camera, CopyPlus, CornerDownRight, type LucideIcon, Recycle, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { useDebounced } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { visibleName } from "#lib/spec.ts";
import { type CloneDraft, toCloneInput } from "./clone-draft.ts";

interface ClonePlanProps {
  input: CloneInput | null;
  plan: ClonePlanView | undefined;
  error: unknown;
  isPending: boolean;
  retry: () => void;
}

/** What the server would do to make the clone, and with which result. */
export function ClonePlan({ input, plan, error, isPending, retry }: ClonePlanProps) {
  return (
    <section aria-label="Plan" aria-busy={isPending} className="min-h-44">
      {input === null && (
        <p className="flex h-44 items-center justify-center rounded-lg border border-line border-dashed text-ink-3">
          Choose a source image and a name to see the plan.
        </p>
      )}
      {isPending && <PlanSkeleton />}
      {error !== null && error !== undefined && (
        <ProblemCallout
          problem={toProblem(error)}
          announce
          actions={
            <Button size="sm" onClick={retry}>
              Try again
            </Button>
          }
        />
      )}
      {plan !== undefined && input !== null && (
        <div className="rounded-lg border border-line bg-sunken">
          <PlanSteps plan={plan} target={input.target} />
          <PlanFacts plan={plan} />
        </div>
      )}
      <p role="status" className="sr-only">
        {isPending ? "Making the plan" : plan !== undefined ? planSentence(plan) : ""}
      </p>
      {plan?.warnings.map((warning) => (
        <Callout key={warning} kind="warn" title={warning} className="mt-2" />
      ))}
    </section>
  );
}

function planSentence({ snapshot }: ClonePlanView): string {
  const verb = snapshot.action === "reuse" ? "Reuses" : "Creates";
  return `${verb} snapshot ${visibleName(snapshot.name)}: ${snapshot.reason}`;
}

function PlanSkeleton() {
  return (
    <div className="flex h-44 flex-col gap-3 rounded-lg border border-line bg-sunken p-4">
      <p className="flex items-center gap-2 text-ink-3">
        <CornerDownRight aria-hidden className="size-4" />
        Looking for a snapshot that can be reused…
      </p>
      <Skeleton className="w-4/5" />
      <Skeleton className="w-3/5" />
      <Skeleton className="mt-auto w-2/3" />
    </div>
  );
}

/** The steps in the order in which they run, each with its reason. */
function PlanSteps({ plan, target }: { plan: ClonePlanView; target: string }) {
  const { snapshot } = plan;
  const reused = snapshot.action === "reuse";
  return (
    <ol className="flex flex-col gap-3 p-4">
      <Step icon={reused ? Recycle : Camera} note={snapshot.reason} accent={reused}>
        {reused ? "Reuses" : "Creates"} snapshot <Name>{visibleName(snapshot.name)}</Name>
      </Step>
      {plan.protect && (
        <Step icon={ShieldCheck} note="Clone format 1 requires a protected snapshot.">
          Protects <Name>{visibleName(snapshot.name)}</Name>
        </Step>
      )}
      <Step icon={CopyPlus} note={null}>
        Clones the snapshot as <Name>{target}</Name>
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

/** The properties of the clone, most of which it inherits from its source. */
function PlanFacts({ plan }: { plan: ClonePlanView }) {
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-2 border-line border-t px-4 py-3">
      <Fact name="Size">
        <Bytes value={plan.size} />
      </Fact>
      <Fact name="Object size">
        <Bytes value={plan.objectSize} />
      </Fact>
      {plan.stripeCount > 1 && (
        <Fact name="Striping">
          {plan.stripeCount} × <Bytes value={plan.stripeUnit} />
        </Fact>
      )}
      <Fact name="Depth">{plan.depth}</Fact>
      <Fact name="Clone format">{plan.cloneFormat}</Fact>
      <Fact name="Protection">{protection(plan)}</Fact>
      <Fact name="Features">{plan.features.join(", ") || "none"}</Fact>
    </dl>
  );
}

function protection({ protect, cloneFormat }: ClonePlanView): string {
  if (protect) return "will be added";
  return cloneFormat === 1 ? "already protected" : "not required";
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
 * The server's plan for the current values of the form. The plan depends on the state of the cluster, so it is never
 * cached. A request for values that have changed since is cancelled on the server as well.
 */
export function useClonePlan(draft: CloneDraft) {
  const cluster = useCluster();
  const names = toCloneInput(draft);
  const input = names === null ? null : { cluster, ...names };
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
    /** Null while the form is incomplete. */
    input,
    plan: current && !query.isFetching ? query.data : undefined,
    error: current && !query.isFetching ? query.error : null,
    isPending: input !== null && (!current || query.isFetching),
    retry: () => void query.refetch(),
  };
}
