import type { LineageNode } from "@coppice/server/router";
import { useRouter } from "next/navigation";
import type { KeyboardEvent } from "react";
import { useCloneDialog } from "#features/clone/clone-dialog.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageLink, imageRef } from "#lib/links.ts";
import { type CanvasLayout, canHaveCursor, type Direction, walk } from "../model/layout.ts";
import type { CanvasActions } from "./branches.ts";
import type { Camera } from "./camera.ts";

interface CanvasKeysOptions {
  layout: CanvasLayout;
  camera: Camera;
  cursor: string | null;
  /** Puts the cursor, and the focus of the page, on an image. */
  choose: (key: string) => void;
  /** Puts the cursor on a fold. */
  setFold: (id: string | null) => void;
  actions: CanvasActions;
  focus: LineageNode | undefined;
}

const DIRECTIONS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** Keys of the canvas; only while it has the focus itself. */
export function useCanvasKeys({
  layout,
  camera,
  cursor,
  choose,
  setFold,
  actions,
  focus,
}: CanvasKeysOptions) {
  const router = useRouter();
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();

  const goTo = (id: string) => {
    if (camera.find(id)?.item.kind === "fold") setFold(id);
    else choose(id);
    camera.show(id);
  };
  const enter = () => {
    const first = layout.placed.find(canHaveCursor);
    if (first !== undefined) goTo(first.item.id);
  };

  return (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const here = cursor === null ? undefined : camera.find(cursor);
    const item = here?.item;
    const direction = DIRECTIONS[event.key];
    const key = event.key.toLowerCase();

    if (direction !== undefined) {
      if (item === undefined) enter();
      else if (direction === "right" && item.kind === "image" && item.expanded === false)
        actions.toggle(item.id);
      else {
        const next = walk(layout, item.id, direction);
        if (next !== undefined) goTo(next);
      }
    } else if (event.key === "Enter" || event.key === " ") {
      if (item?.kind === "fold") actions.unfold(item.parentKey);
      else if (item?.kind === "image" && event.key === " ") {
        if (item.expanded !== null) actions.toggle(item.id);
      } else if (focus !== undefined) router.push(imageLink(imageRef(focus)));
    } else if (key === "f") camera.fit();
    else if (key === "c" && focus !== undefined && item?.kind === "image" && mayOperate && mayClone(focus)) {
      openClone(focus.spec);
    } else return;
    event.preventDefault();
  };
}
