"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Copy, HardDrive, LogOut, Monitor, Moon, RefreshCw, Sun, TriangleAlert } from "lucide-react";
import { useRouter } from "next/navigation";
import { useTheme } from "next-themes";
import type { ReactNode } from "react";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { useCloneDialog } from "#features/clone/clone-dialog.tsx";
import { useRefreshInventory } from "#features/cluster/inventory.tsx";
import { signOutAndLeave } from "#features/session/auth-api.ts";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { imageLink, imageRef } from "#lib/links.ts";
import { PLACES } from "./navigation.tsx";

const SHOWN = 8;

/** Images whose spec contains the text, found by the server. */
export function PaletteImages({ search, onDone }: { search: string; onDone: () => void }) {
  const router = useRouter();
  const found = useQuery(
    trpc.images.list.queryOptions({ search, limit: SHOWN }, { placeholderData: keepPreviousData }),
  );

  if (found.isError) {
    return (
      <p className="px-2.5 py-3 text-danger">
        Images could not be searched: {toProblem(found.error).message}
      </p>
    );
  }
  if (found.data === undefined) {
    return (
      <div className="flex flex-col gap-2 px-2.5 py-3">
        <Skeleton className="w-2/3" />
        <Skeleton className="w-1/2" />
      </div>
    );
  }
  if (found.data.rows.length === 0) return <p className="px-2.5 py-3 text-ink-3">No image is called that.</p>;
  return (
    <PaletteGroup heading="Images">
      {found.data.rows.map((row) => (
        <PaletteItem
          key={row.key}
          value={`image ${row.key}`}
          onSelect={() => {
            onDone();
            router.push(imageLink(imageRef(row)));
          }}
        >
          {row.state === "ok" ? <HardDrive aria-hidden /> : <TriangleAlert aria-label="Cannot be read" />}
          <SpecText spec={row.spec} className="min-w-0 flex-1 truncate text-xs" />
          {row.state === "ok" && <Bytes value={row.size} className="text-ink-3 text-xs" />}
        </PaletteItem>
      ))}
    </PaletteGroup>
  );
}

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

/** A line of the palette. `value` must be unique in it. */
export function PaletteItem({
  value,
  onSelect,
  children,
}: {
  value: string;
  onSelect: () => void;
  children: ReactNode;
}) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex cursor-default select-none items-center gap-2.5 rounded-md px-2.5 py-2 data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3"
    >
      {children}
    </Command.Item>
  );
}

/** Items of one sort under a heading. */
export function PaletteGroup({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:text-ink-3"
    >
      {children}
    </Command.Group>
  );
}
