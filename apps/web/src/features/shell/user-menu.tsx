"use client";

import { CircleUser, Keyboard, LogOut, Monitor, Moon, Settings, Sun } from "lucide-react";
import Link from "next/link";
import { useTheme } from "next-themes";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import {
  Menu,
  MenuContent,
  MenuGroup,
  MenuItem,
  MenuLabel,
  MenuLinkItem,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "#components/ui/menu.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { signOutAndLeave } from "#features/session/auth-api.ts";
import { useMe } from "#features/session/session.tsx";
import { ShortcutsDialog } from "./shortcuts-dialog.tsx";

export const THEMES = [
  { value: "light", label: "Light", icon: Sun },
  { value: "dark", label: "Dark", icon: Moon },
  { value: "system", label: "System", icon: Monitor },
] as const;

/** The menu of the user: theme, keyboard shortcuts and sign-out. */
export function UserMenu() {
  const { user, product } = useMe();
  const { theme, setTheme } = useTheme();
  const [keysOpen, setKeysOpen] = useState(false);
  const links = useLinks();

  return (
    <>
      <Menu>
        <MenuTrigger render={<Button variant="ghost" size="icon" aria-label={`Account: ${user.username}`} />}>
          <CircleUser aria-hidden />
        </MenuTrigger>
        <MenuContent className="w-56">
          <div className="px-2 pt-1.5 pb-2">
            <p className="truncate font-medium">{user.name}</p>
            <p className="truncate text-ink-3 text-xs">
              {user.username} · {user.role}
            </p>
          </div>
          <MenuSeparator />
          <MenuRadioGroup value={theme} onValueChange={setTheme}>
            <MenuLabel>Theme</MenuLabel>
            {THEMES.map(({ value, label, icon: Icon }) => (
              <MenuRadioItem key={value} value={value} closeOnClick={false}>
                <span className="flex-1">{label}</span>
                <Icon aria-hidden />
              </MenuRadioItem>
            ))}
          </MenuRadioGroup>
          <MenuSeparator />
          <MenuLinkItem render={<Link href={links.settings()} />}>
            <Settings aria-hidden />
            Settings
          </MenuLinkItem>
          <MenuItem onClick={() => setKeysOpen(true)}>
            <Keyboard aria-hidden />
            Keyboard shortcuts
          </MenuItem>
          <MenuItem onClick={signOutAndLeave}>
            <LogOut aria-hidden />
            Sign out
          </MenuItem>
          <MenuSeparator />
          <MenuGroup>
            <MenuLabel>Coppice {product.version}</MenuLabel>
          </MenuGroup>
        </MenuContent>
      </Menu>
      <ShortcutsDialog open={keysOpen} onOpenChange={setKeysOpen} />
    </>
  );
}
