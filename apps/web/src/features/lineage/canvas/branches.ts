import { createContext, useContext, useEffect, useMemo, useRef } from "react";
import type { Placed } from "../model/layout.ts";
import type { Camera } from "./camera.ts";

/** What cards can ask of the canvas. Stable, so that cards are not drawn again for it. */
export interface CanvasActions {
  toggle: (key: string) => void;
  /** Shows more of the siblings under a parent. */
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

/** Opens and closes branches. What was opened or closed stays where it is on the screen while the rest makes room. */
export function useBranchActions({ camera, toggle, unfold, setFold }: BranchActionsOptions): CanvasActions {
  const { find, hold } = camera;
  const held = useRef<Placed | null>(null);
  useEffect(() => {
    const before = held.current;
    held.current = null;
    const after = before === null ? undefined : find(before.item.id);
    if (before !== null && after !== undefined) hold(before, after);
  }, [find, hold]);

  return useMemo(
    () => ({
      toggle: (key) => {
        held.current = find(key) ?? null;
        toggle(key);
      },
      unfold: (parentKey) => {
        held.current = find(parentKey) ?? null;
        setFold(null);
        unfold(parentKey);
      },
    }),
    [find, toggle, unfold, setFold],
  );
}
