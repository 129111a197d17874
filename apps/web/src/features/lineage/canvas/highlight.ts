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
import { type CanvasLayout, highlightedItems } from "../model/layout.ts";

interface HighlightState {
  /** The item that has the cursor. */
  cursor: string | null;
  /** The highlighted items. */
  highlighted: ReadonlySet<string>;
}

/**
 * The highlighted items, stored outside of the state of React: when the pointer moves, only the cards that change are
 * rendered again, out of thousands.
 */
export class Highlight {
  #state: HighlightState = { cursor: null, highlighted: new Set() };
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

/** Whether an item is highlighted. */
export function useIsHighlighted(id: string): boolean {
  const highlight = useContext(HighlightContext);
  const read = () => highlight.state.highlighted.has(id);
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

/** Highlights the ancestors and descendants of the image under the pointer, else of the one under the cursor. Returns the hover handler. */
export function useHighlight({ highlight, index, layout, cursor, frame }: UseHighlightOptions) {
  const hovered = useRef<string | null>(null);

  const light = useCallback(() => {
    const key = hovered.current ?? cursor;
    if (key === null || !index.byKey.has(key)) {
      highlight.set({ cursor, highlighted: NOTHING });
      return;
    }
    const below = subtreeOf(index, key);
    const line = new Set([...below, ...ancestorsOf(index, key).map((node) => node.key)]);
    highlight.set({ cursor, highlighted: highlightedItems(layout, line, below) });
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
