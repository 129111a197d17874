import { createContext, useContext } from "react";

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
