import { createContext, useContext, useSyncExternalStore } from "react";

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
