import { type FocusEvent, type KeyboardEvent, type RefObject, useCallback, useEffect, useRef } from "react";
import type { ImageTableRow } from "./columns.tsx";
import { useRowActions } from "./use-row-actions.ts";

interface RowFocusOptions {
  rows: readonly ImageTableRow[];
  /** Rows there are in all. */
  count: number;
  active: number;
  scrollTo: (index: number) => void;
  scroller: RefObject<HTMLDivElement | null>;
  onActiveChange: (key: string) => void;
}

const STEPS: Record<string, (active: number, page: number, last: number) => number> = {
  ArrowDown: (active) => active + 1,
  ArrowUp: (active) => active - 1,
  PageDown: (active, page) => active + page,
  PageUp: (active, page) => active - page,
  Home: () => 0,
  End: (_active, _page, last) => last,
};

/** One row takes the focus, and keys move it, also to rows that have yet to arrive. */
export function useRowFocus({ rows, count, active, scrollTo, scroller, onActiveChange }: RowFocusOptions) {
  const act = useRowActions();
  /** Where the focus is on its way to. */
  const wanted = useRef<number | null>(null);

  const arrive = useCallback(() => {
    const index = wanted.current;
    const key = index === null ? undefined : rows[index]?.id;
    if (index === null || key === undefined) return;
    if (index !== active) onActiveChange(key);
    // The row may have to be drawn first.
    requestAnimationFrame(() => {
      if (wanted.current !== index) return;
      wanted.current = null;
      scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true });
    });
  }, [rows, active, scroller, onActiveChange]);
  useEffect(arrive, [arrive]);

  const goTo = useCallback(
    (index: number) => {
      wanted.current = index;
      scrollTo(index);
      arrive();
    },
    [scrollTo, arrive],
  );

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || target.dataset.row === undefined) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step !== undefined) {
      const height = scroller.current?.clientHeight ?? 0;
      const page = Math.max(1, Math.floor(height / target.offsetHeight) - 2);
      goTo(Math.min(Math.max(step(wanted.current ?? active, page, count - 1), 0), count - 1));
    } else if (!act(event, target, rows[active]?.original)) return;
    event.preventDefault();
  };

  const onFocus = (event: FocusEvent<HTMLElement>) => {
    const index = event.target.closest<HTMLElement>("[data-row]")?.dataset.row;
    const key = index === undefined ? undefined : rows[Number(index)]?.id;
    if (key !== undefined && Number(index) !== active) onActiveChange(key);
  };

  return { onKeyDown, onFocus, goTo };
}
