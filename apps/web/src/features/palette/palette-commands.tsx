"use client";

import { Copy, LogOut, Monitor, Moon, RefreshCw, Sun } from "lucide-react";
import { useRouter } from "next/navigation";
import { useTheme } from "next-themes";
import type { ReactNode } from "react";
import { useCloneDialog } from "#features/clone/use-clone-dialog.ts";
import { useRefreshInventory } from "#features/cluster/use-refresh-inventory.ts";
import { signOutAndLeave } from "#features/session/sign-out-and-leave.ts";
import { useMayOperate } from "#features/session/use-session.ts";
import { PLACES } from "#features/shell/navigation.tsx";
import { PaletteGroup, PaletteItem } from "./palette-item.tsx";

interface PaletteCommand {
  label: string;
  icon: ReactNode;
  run: () => void;
}

/** Pages and commands whose name contains the text. */
export function PaletteCommands({ search, onDone }: { search: string; onDone: () => void }) {
  const router = useRouter();
  const { setTheme } = useTheme();
  const { openClone } = useCloneDialog();
  const refresh = useRefreshInventory();
  const mayOperate = useMayOperate();

  const pages: PaletteCommand[] = PLACES.map(({ href, label, icon: Icon }) => ({
    label,
    icon: <Icon aria-hidden />,
    run: () => router.push(href),
  }));
  const commands: PaletteCommand[] = [
    ...(mayOperate ? [{ label: "Clone an image…", icon: <Copy aria-hidden />, run: () => openClone() }] : []),
    { label: "Read all images again", icon: <RefreshCw aria-hidden />, run: () => refresh.mutate() },
    { label: "Light theme", icon: <Sun aria-hidden />, run: () => setTheme("light") },
    { label: "Dark theme", icon: <Moon aria-hidden />, run: () => setTheme("dark") },
    { label: "Theme like the system", icon: <Monitor aria-hidden />, run: () => setTheme("system") },
    { label: "Sign out", icon: <LogOut aria-hidden />, run: signOutAndLeave },
  ];

  const matches = ({ label }: PaletteCommand) => label.toLowerCase().includes(search.toLowerCase());
  const groups = [
    ["Pages", pages.filter(matches)],
    ["Commands", commands.filter(matches)],
  ] as const;

  return groups.map(
    ([heading, items]) =>
      items.length > 0 && (
        <PaletteGroup key={heading} heading={heading}>
          {items.map(({ label, icon, run }) => (
            <PaletteItem
              key={label}
              value={label}
              onSelect={() => {
                onDone();
                run();
              }}
            >
              {icon}
              {label}
            </PaletteItem>
          ))}
        </PaletteGroup>
      ),
  );
}
