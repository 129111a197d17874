import { type RefObject, useCallback, useEffect, useRef } from "react";
import { ancestorsOf, type ForestIndex, subtreeOf } from "../model/forest-index.ts";
import type { CanvasLayout } from "../model/layout.ts";
import { litItems } from "../model/lit-items.ts";
import type { Highlight } from "./highlight.ts";

interface UseHighlightOptions {
  highlight: Highlight;
  index: ForestIndex;
  layout: CanvasLayout;
  cursor: string | null;
  frame: RefObject<HTMLDivElement | null>;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Lights the line of what the pointer is on, else of what has the cursor. Gives back what to call on hover. */
export function useHighlight({ highlight, index, layout, cursor, frame }: UseHighlightOptions) {
  const hovered = useRef<string | null>(null);

  const light = useCallback(() => {
    const key = hovered.current ?? cursor;
    if (key === null || !index.byKey.has(key)) {
      highlight.set({ cursor, lit: NOTHING });
      return;
    }
    const below = subtreeOf(index, key);
    const line = new Set([...below, ...ancestorsOf(index, key).map((node) => node.key)]);
    highlight.set({ cursor, lit: litItems(layout, line, below) });
  }, [highlight, index, layout, cursor]);

  useEffect(light, [light]);

  return useCallback(
    (id: string | null) => {
      hovered.current = id !== null && index.byKey.has(id) ? id : null;
      frame.current?.toggleAttribute("data-hovering", hovered.current !== null);
      light();
    },
    [index, frame, light],
  );
}
