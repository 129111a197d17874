import { cva, type VariantProps } from "class-variance-authority";
import { CircleAlert, Info, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "#lib/cn.ts";

interface PanelProps {
  title: ReactNode;
  /** Shown to the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A section of a page in a box. */
export function Panel({ title, aside, children, className }: PanelProps) {
  return (
    <section className={cn("min-w-0 rounded-lg border border-line bg-surface shadow-card", className)}>
      <header className="flex min-h-10 items-center justify-between gap-3 border-line border-b px-4 py-1.5">
        <h2 className="font-medium text-ink text-sm">{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

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
  /** Buttons at the end of the message. */
  actions?: ReactNode;
  /** Whether screen readers announce it when it appears. Set it for the result of an action of the user. */
  announce?: boolean;
  className?: string;
}

/** A prominent message in the place that it is about. */
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

const badgeStyle = cva(
  "inline-flex h-5 max-w-full items-center gap-1 whitespace-nowrap rounded border px-1.5 font-medium text-2xs [&_svg]:size-3 [&_svg]:shrink-0",
  {
    variants: {
      tone: {
        neutral: "border-line bg-sunken text-ink-2",
        brand: "border-brand-line bg-brand-soft text-brand",
        danger: "border-danger-line bg-danger-soft text-danger",
        warn: "border-warn-line bg-warn-soft text-warn",
        info: "border-info-line bg-info-soft text-info",
      },
    },
    defaultVariants: { tone: "neutral" },
  },
);

export type BadgeTone = NonNullable<VariantProps<typeof badgeStyle>["tone"]>;

/** A short fact. The text or icon carries the meaning; the tone only emphasises it. */
export function Badge({
  tone,
  className,
  ...props
}: ComponentProps<"span"> & VariantProps<typeof badgeStyle>) {
  return <span className={cn(badgeStyle({ tone }), className)} {...props} />;
}

/** The name of a key on the keyboard. */
export function Kbd({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <kbd
      className={cn(
        "inline-flex h-4.5 min-w-4.5 items-center justify-center rounded border border-line bg-sunken px-1 font-sans text-2xs text-ink-3",
        className,
      )}
    >
      {children}
    </kbd>
  );
}
