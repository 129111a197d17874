import { Tabs as Base } from "@base-ui/react/tabs";
import type { ComponentProps } from "react";
import { cn } from "#lib/cn.ts";

export const Tabs = Base.Root;

export function TabsList({
  children,
  className,
}: {
  children: ComponentProps<typeof Base.List>["children"];
  className?: string;
}) {
  return (
    <Base.List className={cn("relative flex gap-1 overflow-x-auto border-line border-b", className)}>
      {children}
      <Base.Indicator className="absolute bottom-0 left-0 h-0.5 w-(--active-tab-width) translate-x-(--active-tab-left) rounded-full bg-brand transition-[translate,width] duration-150" />
    </Base.List>
  );
}

export function Tab({
  value,
  children,
}: {
  value: string;
  children: ComponentProps<typeof Base.Tab>["children"];
}) {
  return (
    <Base.Tab
      value={value}
      className="flex h-9 shrink-0 select-none items-center gap-1.5 rounded-t px-2.5 text-ink-2 text-sm transition-colors hover:text-ink focus-visible:-outline-offset-2 data-active:font-medium data-active:text-ink"
    >
      {children}
    </Base.Tab>
  );
}

export function TabPanel({
  value,
  children,
  className,
}: {
  value: string;
  children: ComponentProps<typeof Base.Panel>["children"];
  className?: string;
}) {
  return (
    <Base.Panel value={value} className={cn("rounded-sm outline-offset-4", className)}>
      {children}
    </Base.Panel>
  );
}
