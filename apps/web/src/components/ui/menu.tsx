import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "#lib/cn.ts";

export const Menu = Base.Root;
export const MenuTrigger = Base.Trigger;
export const MenuGroup = Base.Group;
export const MenuRadioGroup = Base.RadioGroup;

const itemStyle =
  "flex cursor-default select-none items-center gap-2 rounded px-2 py-1.5 text-sm text-ink outline-hidden data-disabled:text-ink-3 data-highlighted:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3";

interface MenuContentProps {
  children: ReactNode;
  side?: ComponentProps<typeof Base.Positioner>["side"];
  align?: ComponentProps<typeof Base.Positioner>["align"];
  anchor?: ComponentProps<typeof Base.Positioner>["anchor"];
  className?: string;
}

/** The list of items that opens beside the trigger. */
export function MenuContent({
  children,
  side = "bottom",
  align = "end",
  anchor,
  className,
}: MenuContentProps) {
  return (
    <Base.Portal>
      <Base.Positioner
        side={side}
        align={align}
        sideOffset={4}
        anchor={anchor}
        className="z-50 outline-hidden"
      >
        <Base.Popup
          className={cn(
            "max-h-(--available-height) min-w-44 origin-(--transform-origin) overflow-y-auto rounded-lg bg-popup p-1 shadow-popup outline-hidden transition-[opacity,scale] duration-100 data-ending-style:opacity-0 data-starting-style:scale-98 data-starting-style:opacity-0",
            className,
          )}
        >
          {children}
        </Base.Popup>
      </Base.Positioner>
    </Base.Portal>
  );
}

export function MenuItem({
  className,
  ...props
}: Omit<ComponentProps<typeof Base.Item>, "className"> & { className?: string }) {
  return <Base.Item className={cn(itemStyle, className)} {...props} />;
}

/** An item that is a link to another page. */
export function MenuLinkItem({
  className,
  ...props
}: Omit<ComponentProps<typeof Base.LinkItem>, "className"> & { className?: string }) {
  return <Base.LinkItem className={cn(itemStyle, className)} {...props} />;
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return (
    <Base.GroupLabel className="px-2 pt-1.5 pb-1 font-medium text-2xs text-ink-3">{children}</Base.GroupLabel>
  );
}

export function MenuSeparator() {
  return <Base.Separator className="-mx-1 my-1 h-px bg-line" />;
}

export function MenuCheckboxItem({
  children,
  ...props
}: Omit<ComponentProps<typeof Base.CheckboxItem>, "className">) {
  return (
    <Base.CheckboxItem className={cn(itemStyle, "pr-6")} {...props}>
      <MenuTick>
        <Base.CheckboxItemIndicator render={<Check aria-hidden />} />
      </MenuTick>
      {children}
    </Base.CheckboxItem>
  );
}

export function MenuRadioItem({
  children,
  ...props
}: Omit<ComponentProps<typeof Base.RadioItem>, "className">) {
  return (
    <Base.RadioItem className={cn(itemStyle, "pr-6")} {...props}>
      <MenuTick>
        <Base.RadioItemIndicator render={<Check aria-hidden />} />
      </MenuTick>
      {children}
    </Base.RadioItem>
  );
}

function MenuTick({ children }: { children: ReactNode }) {
  return <span className="flex size-4 items-center justify-center [&_svg]:text-brand!">{children}</span>;
}
