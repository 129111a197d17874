"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Copy, HardDrive, LogOut, type LucideIcon, Plus, RefreshCw, TriangleAlert } from "lucide-react";
import { useRouter } from "next/navigation";
import { useTheme } from "next-themes";
import type { ReactNode } from "react";
import { useState } from "react";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText } from "#components/values.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { CloneDialog, currentPageTarget, useImageActions } from "#features/actions/image-actions.ts";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { useRefreshInventory } from "#features/cluster/inventory.tsx";
import { signOutAndLeave } from "#features/session/auth-api.ts";
import { useMayOperate } from "#features/session/session.tsx";
import { NewImageDialog } from "#features/volumes/volume-actions.ts";
import { toProblem, trpc } from "#lib/api.ts";
import { imageRef } from "#lib/links.ts";
import { PAGES } from "./navigation.tsx";
import { THEMES } from "./user-menu.tsx";

const MAX_IMAGES = 8;

/** The images whose spec contains the text. The server searches for them. */
export function PaletteImages({ search, onDone }: { search: string; onDone: () => void }) {
  const router = useRouter();
  const links = useLinks();
  const found = useQuery(
    trpc.images.list.queryOptions(
      { cluster: useCluster(), search, limit: MAX_IMAGES },
      { placeholderData: keepPreviousData },
    ),
  );

  if (found.isError) {
    return (
      <p className="px-2.5 py-3 text-danger">
        The images could not be searched: {toProblem(found.error).message}
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
  if (found.data.rows.length === 0) return <p className="px-2.5 py-3 text-ink-3">No matching images.</p>;
  return (
    <PaletteGroup heading="Images">
      {found.data.rows.map((row) => (
        <PaletteItem
          key={row.key}
          value={`image ${row.key}`}
          onSelect={() => {
            onDone();
            router.push(links.image(imageRef(row)));
          }}
        >
          {row.state === "ok" ? <HardDrive aria-hidden /> : <TriangleAlert aria-label="Unreadable" />}
          <SpecText spec={row.spec} className="min-w-0 flex-1 truncate text-xs" />
          {row.state === "ok" && <Bytes value={row.size} className="text-ink-3 text-xs" />}
        </PaletteItem>
      ))}
    </PaletteGroup>
  );
}

interface PaletteCommand {
  id: string;
  label: string;
  icon: LucideIcon;
  run: () => void;
  disabledReason?: string | null;
}

/** The actions on the image of the page, the pages and the commands whose label contains the text. */
export function PaletteCommands({ search, onDone }: { search: string; onDone: () => void }) {
  const router = useRouter();
  const links = useLinks();
  const cluster = useCluster();
  const { setTheme } = useTheme();
  const openDialog = useOpenDialog();
  const { actionsFor } = useImageActions();
  const refresh = useRefreshInventory();
  const mayOperate = useMayOperate();
  const [target] = useState(currentPageTarget);

  const pages: PaletteCommand[] = PAGES.map(({ href, label, icon }) => ({
    id: label,
    label,
    icon,
    run: () => router.push(href(links)),
  }));
  const commands: PaletteCommand[] = [
    ...(mayOperate
      ? [
          { id: "new", label: "New image…", icon: Plus, run: () => openDialog(NewImageDialog, {}) },
          { id: "clone", label: "Clone an image…", icon: Copy, run: () => openDialog(CloneDialog, {}) },
        ]
      : []),
    { id: "refresh", label: "Refresh the images", icon: RefreshCw, run: () => refresh.mutate({ cluster }) },
    ...THEMES.map(({ value, label, icon }) => ({
      id: `theme ${value}`,
      label: `${label} theme`,
      icon,
      run: () => setTheme(value),
    })),
    { id: "sign-out", label: "Sign out", icon: LogOut, run: signOutAndLeave },
  ];
  const groups: (readonly [heading: string, commands: PaletteCommand[]])[] = [
    ...(target === undefined ? [] : [[target.spec, actionsFor(target)] as const]),
    ["Pages", pages],
    ["Commands", commands],
  ];
  const matches = ({ label }: PaletteCommand) => label.toLowerCase().includes(search.toLowerCase());

  return groups.map(([heading, all]) => {
    const items = all.filter(matches);
    return (
      items.length > 0 && (
        <PaletteGroup key={heading} heading={heading}>
          {items.map(({ id, label, icon: Icon, run, disabledReason = null }) => (
            <PaletteItem
              key={id}
              value={`${heading} ${id}`}
              disabled={disabledReason !== null}
              onSelect={() => {
                onDone();
                run();
              }}
            >
              <Icon aria-hidden />
              {label}
              {disabledReason !== null && <span className="text-xs">{disabledReason}</span>}
            </PaletteItem>
          ))}
        </PaletteGroup>
      )
    );
  });
}

/** A line of the palette. `value` must be unique. */
function PaletteItem({
  value,
  disabled = false,
  onSelect,
  children,
}: {
  value: string;
  disabled?: boolean;
  onSelect: () => void;
  children: ReactNode;
}) {
  return (
    <Command.Item
      value={value}
      disabled={disabled}
      onSelect={onSelect}
      className="flex cursor-default select-none items-center gap-2.5 rounded-md px-2.5 py-2 data-[disabled=true]:text-ink-3 data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3"
    >
      {children}
    </Command.Item>
  );
}

/** A group of lines with a heading. */
function PaletteGroup({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-2xs [&_[cmdk-group-heading]]:text-ink-3"
    >
      {children}
    </Command.Group>
  );
}
