import { createContext, useContext, useEffect, useMemo, useRef } from "react";
import type { Placed } from "../model/layout.ts";
import type { Camera } from "./camera.ts";

/** The functions that cards call. They are stable, so that they do not cause cards to render again. */
export interface CanvasActions {
  /** Expands or collapses an image. */
  toggle: (key: string) => void;
  /** Shows more clones of a parent. */
  unfold: (parentKey: string) => void;
}

export const CanvasActionsContext = createContext<CanvasActions>({ toggle: () => {}, unfold: () => {} });

export function useCanvasActions(): CanvasActions {
  return useContext(CanvasActionsContext);
}

interface BranchActionsOptions {
  camera: Camera;
  toggle: (key: string) => void;
  unfold: (parentKey: string) => void;
  setFold: (id: string | null) => void;
}

/** Expands and collapses branches. The image in question keeps its position on the screen. */
export function useBranchActions({ camera, toggle, unfold, setFold }: BranchActionsOptions): CanvasActions {
  const { find, keepInPlace } = camera;
  /** The position of the image before the layout changes. */
  const position = useRef<Placed | null>(null);
  useEffect(() => {
    const before = position.current;
    position.current = null;
    const after = before === null ? undefined : find(before.item.id);
    if (before !== null && after !== undefined) keepInPlace(before, after);
  }, [find, keepInPlace]);

  return useMemo(
    () => ({
      toggle: (key) => {
        position.current = find(key) ?? null;
        toggle(key);
      },
      unfold: (parentKey) => {
        position.current = find(parentKey) ?? null;
        setFold(null);
        unfold(parentKey);
      },
    }),
    [find, toggle, unfold, setFold],
  );
}
