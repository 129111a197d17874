import { useEffect, useMemo, useRef } from "react";
import type { Placed } from "../model/layout.ts";
import type { CanvasActions } from "./canvas-actions.ts";
import type { Camera } from "./use-camera.ts";

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
