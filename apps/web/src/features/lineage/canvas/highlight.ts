import {
  createContext,
  type RefObject,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useSyncExternalStore,
} from "react";
import { ancestorsOf, type ForestIndex, subtreeOf } from "../model/forest-index.ts";
import { type CanvasLayout, litItems } from "../model/layout.ts";

interface HighlightState {
  /** The item that has the cursor. */
  cursor: string | null;
  /** Items of the line that is lit, if any. */
  lit: ReadonlySet<string>;
}

/**
 * What is lit, outside of React's state: of thousands of cards only those that change are drawn again when the
 * pointer moves.
 */
export class Highlight {
  #state: HighlightState = { cursor: null, lit: new Set() };
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get state(): HighlightState {
    return this.#state;
  }

  set(state: HighlightState): void {
    this.#state = state;
    for (const notify of this.#listeners) notify();
  }
}

export const HighlightContext = createContext(new Highlight());

/** Whether an item has the cursor. */
export function useHasCursor(id: string): boolean {
  const highlight = useContext(HighlightContext);
  const read = () => highlight.state.cursor === id;
  return useSyncExternalStore(highlight.subscribe, read, read);
}

/** Whether an item belongs to the line that is lit. */
export function useIsLit(id: string): boolean {
  const highlight = useContext(HighlightContext);
  const read = () => highlight.state.lit.has(id);
  return useSyncExternalStore(highlight.subscribe, read, read);
}

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
