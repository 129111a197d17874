import type { ClonePlanView } from "@coppice/server/router";
import { Camera, CopyPlus, type LucideIcon, Recycle, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "#lib/cn.ts";

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
