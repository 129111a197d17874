"use client";

import { Ellipsis } from "lucide-react";
import Link from "next/link";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Menu, MenuContent, MenuItem, MenuLinkItem, MenuTrigger } from "#components/ui/menu.tsx";
import { Tooltip } from "#components/ui/popover.tsx";
import { cn } from "#lib/cn.ts";
import type { OfferedAction } from "./image-actions.ts";

interface ActionMenuProps {
  actions: readonly OfferedAction[];
  /** Accessible name of the button that opens the menu. */
  label: string;
  tabIndex?: 0 | -1;
  className?: string;
}

/** A button that opens a menu of actions. An action that cannot be used says why. */
export function ActionMenu({ actions, label, tabIndex, className }: ActionMenuProps) {
  return (
    <Menu>
      <MenuTrigger
        data-row-menu
        tabIndex={tabIndex}
        render={<Button variant="ghost" size="icon-sm" aria-label={label} className={className} />}
      >
        <Ellipsis aria-hidden />
      </MenuTrigger>
      <MenuContent className="max-w-72">
        {actions.map(({ id, icon: Icon, label, href, run, disabledReason }) =>
          href !== undefined && disabledReason === null ? (
            <MenuLinkItem key={id} render={<Link href={href} prefetch={false} />}>
              <Icon aria-hidden />
              {label}
            </MenuLinkItem>
          ) : (
            <MenuItem key={id} disabled={disabledReason !== null} onClick={run}>
              <Icon aria-hidden />
              <span>
                {label}
                {disabledReason !== null && <span className="block text-2xs">{disabledReason}</span>}
              </span>
            </MenuItem>
          ),
        )}
      </MenuContent>
    </Menu>
  );
}

interface ActionButtonsProps {
  actions: readonly OfferedAction[];
  size?: "sm" | "md";
  /** Whether the primary action looks like the others, as in the rows of a list. */
  plain?: boolean;
  /** Classes of each button. */
  className?: string;
}

/** Actions as buttons, the primary one last. A disabled button explains itself in a tooltip. */
export function ActionButtons({ actions, size = "md", plain = false, className }: ActionButtonsProps) {
  const ordered = [
    ...actions.filter(({ placement }) => placement === "button"),
    ...actions.filter(({ placement }) => placement === "primary"),
  ];
  return ordered.map(({ id, icon: Icon, label, name, placement, href, run, disabledReason }) => {
    const variant = placement === "primary" && !plain ? "primary" : "secondary";
    const content = (
      <>
        <Icon aria-hidden />
        {label}
      </>
    );
    if (disabledReason !== null) {
      return (
        <Tooltip key={id} label={disabledReason}>
          {/* A disabled button gets no pointer events, so its wrapper opens the tooltip. */}
          <span className={cn("inline-flex", className)}>
            <Button
              disabled
              focusableWhenDisabled
              size={size}
              variant={variant}
              aria-label={name}
              aria-description={disabledReason}
              className="flex-1"
            >
              {content}
            </Button>
          </span>
        </Tooltip>
      );
    }
    if (href !== undefined) {
      return (
        <ButtonLink
          key={id}
          href={href}
          size={size}
          variant={variant}
          aria-label={name}
          className={className}
        >
          {content}
        </ButtonLink>
      );
    }
    return (
      <Button key={id} size={size} variant={variant} aria-label={name} onClick={run} className={className}>
        {content}
      </Button>
    );
  });
}
