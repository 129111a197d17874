"use client";

import type { ImageListRow } from "@coppice/server/router";
import { ClipboardCopy, Copy, Ellipsis, Network, SquareArrowOutUpRight } from "lucide-react";
import Link from "next/link";
import { Button } from "#components/ui/button.tsx";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLinkItem,
  MenuSeparator,
  MenuTrigger,
} from "#components/ui/menu.tsx";
import { toast } from "#components/ui/toast.tsx";
import { useCloneDialog } from "#features/clone/clone-dialog.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageLink, imageRef, lineageLink } from "#lib/links.ts";

function copySpec(spec: string): void {
  navigator.clipboard.writeText(spec).then(
    () => toast("Copied", { tone: "good", description: spec }),
    () => toast("The browser did not allow copying", { tone: "bad", description: spec }),
  );
}

/** What can be done with the image of a row. */
export function RowMenu({ row, tabIndex }: { row: ImageListRow; tabIndex: 0 | -1 }) {
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();
  return (
    <Menu>
      <MenuTrigger
        data-row-menu
        tabIndex={tabIndex}
        render={
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label={`Actions for ${row.spec}`}
            className="size-6 opacity-60 group-focus-within/row:opacity-100 group-hover/row:opacity-100"
          />
        }
      >
        <Ellipsis aria-hidden />
      </MenuTrigger>
      <MenuContent>
        <MenuLinkItem render={<Link href={imageLink(imageRef(row))} prefetch={false} />}>
          <SquareArrowOutUpRight aria-hidden />
          Open
        </MenuLinkItem>
        {mayOperate && mayClone(row) && (
          <MenuItem onClick={() => openClone(row.spec)}>
            <Copy aria-hidden />
            Clone…
          </MenuItem>
        )}
        <MenuLinkItem render={<Link href={lineageLink(imageRef(row))} prefetch={false} />}>
          <Network aria-hidden />
          Show in lineage
        </MenuLinkItem>
        <MenuSeparator />
        <MenuItem onClick={() => copySpec(row.spec)}>
          <ClipboardCopy aria-hidden />
          Copy name
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
