import { CircleAlert, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "#lib/cn.ts";

const KINDS: Record<"danger" | "warn" | "info", { icon: LucideIcon; style: string; name: string }> = {
  danger: {
    icon: CircleAlert,
    style: "border-danger-line bg-danger-soft [&>svg]:text-danger",
    name: "Error",
  },
  warn: { icon: TriangleAlert, style: "border-warn-line bg-warn-soft [&>svg]:text-warn", name: "Warning" },
  info: { icon: Info, style: "border-info-line bg-info-soft [&>svg]:text-info", name: "Note" },
};

interface CalloutProps {
  kind: keyof typeof KINDS;
  title: ReactNode;
  children?: ReactNode;
  /** Buttons at the end. */
  actions?: ReactNode;
  /** Read out when it appears. For what follows from something the person just did. */
  announce?: boolean;
  className?: string;
}

/** A paragraph that must not be overlooked, in its place on the page. */
export function Callout({ kind, title, children, actions, announce = false, className }: CalloutProps) {
  const { icon: Icon, style, name } = KINDS[kind];
  return (
    <div
      role={announce ? "alert" : undefined}
      className={cn("flex items-start gap-2.5 rounded-lg border px-3 py-2.5", style, className)}
    >
      <Icon aria-label={name} role="img" className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0 flex-1">
        <p className="wrap-anywhere font-medium text-ink">{title}</p>
        {children !== undefined && <div className="wrap-anywhere mt-0.5 text-ink-2">{children}</div>}
      </div>
      {actions}
    </div>
  );
}
