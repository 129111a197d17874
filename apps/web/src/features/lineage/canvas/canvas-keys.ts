import type { LineageNode } from "@coppice/server/router";
import type { KeyboardEvent } from "react";
import { useImageActions } from "#features/actions/image-actions.ts";
import { type CanvasLayout, canHaveCursor, type Direction, walk } from "../model/layout.ts";
import type { CanvasActions } from "./branches.ts";
import type { Camera } from "./camera.ts";

interface CanvasKeysOptions {
  layout: CanvasLayout;
  camera: Camera;
  cursor: string | null;
  /** Moves the cursor to an image and selects it. */
  choose: (key: string) => void;
  /** Moves the cursor to a fold. */
  setFold: (id: string | null) => void;
  actions: CanvasActions;
  /** The selected image. */
  focus: LineageNode | undefined;
}

const DIRECTIONS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** The keys of the canvas. They apply while the canvas itself has the keyboard focus. */
export function useCanvasKeys({
  layout,
  camera,
  cursor,
  choose,
  setFold,
  actions,
  focus,
}: CanvasKeysOptions) {
  const { runByKey } = useImageActions();

  const goTo = (id: string) => {
    if (camera.find(id)?.item.kind === "fold") setFold(id);
    else choose(id);
    camera.show(id);
  };
  const goToFirst = () => {
    const first = layout.placed.find(canHaveCursor);
    if (first !== undefined) goTo(first.item.id);
  };

  return (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const item = cursor === null ? undefined : camera.find(cursor)?.item;
    const direction = DIRECTIONS[event.key];

    if (direction !== undefined) {
      if (item === undefined) goToFirst();
      else if (direction === "right" && item.kind === "image" && item.expanded === false)
        actions.toggle(item.id);
      else {
        const next = walk(layout, item.id, direction);
        if (next !== undefined) goTo(next);
      }
    } else if (item?.kind === "fold" && (event.key === "Enter" || event.key === " ")) {
      actions.unfold(item.parentKey);
    } else if (item?.kind === "image" && event.key === " ") {
      if (item.expanded !== null) actions.toggle(item.id);
    } else if (event.key.toLowerCase() === "f") {
      camera.fit();
    } else if (item?.kind === "fold" || focus === undefined || !runByKey(event, focus)) {
      return;
    }
    event.preventDefault();
  };
}
