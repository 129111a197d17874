import type { ImageListRow } from "@coppice/server/router";
import { useRouter } from "next/navigation";
import type { KeyboardEvent } from "react";
import { useCloneDialog } from "#features/clone/clone-dialog.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageLink, imageRef } from "#lib/links.ts";

/** What keys do with the row that has the focus: Enter opens it, C clones it, the menu key opens its menu. */
export function useRowActions() {
  const router = useRouter();
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();

  /** Whether the key meant something. */
  return (
    event: KeyboardEvent<HTMLElement>,
    element: HTMLElement,
    row: ImageListRow | undefined,
  ): boolean => {
    if (row === undefined) return false;
    if (event.key === "Enter") {
      router.push(imageLink(imageRef(row)));
      return true;
    }
    if (event.key.toLowerCase() === "c" && mayOperate && mayClone(row)) {
      openClone(row.spec);
      return true;
    }
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      element.querySelector<HTMLElement>("[data-row-menu]")?.click();
      return true;
    }
    return false;
  };
}
