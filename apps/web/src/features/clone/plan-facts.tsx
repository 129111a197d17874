import type { ClonePlanView } from "@coppice/server/router";
import type { ReactNode } from "react";
import { Bytes } from "#components/value/bytes.tsx";

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
