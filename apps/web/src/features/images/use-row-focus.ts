import { useRouter } from "next/navigation";
import { type FocusEvent, type KeyboardEvent, type RefObject, useCallback, useRef } from "react";
import { useCloneDialog } from "#features/clone/use-clone-dialog.ts";
import { useMayOperate } from "#features/session/use-session.ts";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageRef } from "#lib/image-ref.ts";
import { imageLink } from "#lib/links.ts";
import type { ImageTableRow } from "./table-features.ts";

interface RowFocusOptions {
  rows: readonly ImageTableRow[];
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

/** One row takes the focus, arrow keys move it, Enter opens its image, C clones it. */
export function useRowFocus({ rows, active, scrollTo, scroller, onActiveChange }: RowFocusOptions) {
  const router = useRouter();
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();
  const wanted = useRef<number | null>(null);

  const focusRow = useCallback(
    (index: number) => {
      scrollTo(index);
      wanted.current = index;
      // The row may have to be drawn first.
      requestAnimationFrame(() => {
        if (wanted.current !== index) return;
        scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true });
      });
    },
    [scrollTo, scroller],
  );

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset.row === undefined) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[active]?.original;
    const step = STEPS[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const page = Math.max(
        1,
        Math.floor((scroller.current?.clientHeight ?? 0) / event.target.offsetHeight) - 2,
      );
      const next = Math.min(Math.max(step(active, page, rows.length - 1), 0), rows.length - 1);
      const key = rows[next]?.id;
      if (key === undefined) return;
      onActiveChange(key);
      focusRow(next);
    } else if (event.key === "Enter" && row !== undefined) {
      event.preventDefault();
      router.push(imageLink(imageRef(row)));
    } else if (event.key.toLowerCase() === "c" && row !== undefined && mayOperate && mayClone(row)) {
      event.preventDefault();
      openClone(row.spec);
    } else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      event.preventDefault();
      event.target.querySelector<HTMLElement>("[data-row-menu]")?.click();
    }
  };

  const onFocus = (event: FocusEvent<HTMLElement>) => {
    const index = event.target.closest<HTMLElement>("[data-row]")?.dataset.row;
    const key = index === undefined ? undefined : rows[Number(index)]?.id;
    if (key !== undefined && Number(index) !== active) onActiveChange(key);
  };

  return { onKeyDown, onFocus };
}
