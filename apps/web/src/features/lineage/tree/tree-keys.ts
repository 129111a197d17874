import { useRouter } from "next/navigation";
import type { KeyboardEvent, RefObject } from "react";
import { useCloneDialog } from "#features/clone/clone-dialog.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageLink, imageRef } from "#lib/links.ts";
import type { LineageState } from "../lineage-state.ts";
import type { TreeRow } from "../model/expansion.ts";

interface TreeKeysOptions {
  rows: readonly TreeRow[];
  active: number;
  state: LineageState;
  scrollTo: (index: number) => void;
  scroller: RefObject<HTMLDivElement | null>;
}

/** The keys of a tree: arrows move, open and close, Enter opens the image, C clones it. */
export function useTreeKeys({ rows, active, state, scrollTo, scroller }: TreeKeysOptions) {
  const router = useRouter();
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();
  const { setFocus, expansion } = state;

  const goTo = (wanted: number) => {
    const index = Math.min(Math.max(wanted, 0), rows.length - 1);
    const row = rows[index];
    if (row === undefined) return;
    setFocus(row.node.key);
    scrollTo(index);
    // The row may have to be drawn first.
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true }),
    );
  };

  return (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target;
    if (!(target instanceof HTMLElement) || target.dataset.row === undefined) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[active];
    if (row === undefined) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / target.offsetHeight) - 2);
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const move = moves[event.key];

    if (move !== undefined) goTo(move);
    else if (event.key === "ArrowRight") {
      if (row.expanded === false) expansion.toggle(row.node.key);
      else if (row.expanded === true) goTo(active + 1);
    } else if (event.key === "ArrowLeft") {
      if (row.expanded === true) expansion.toggle(row.node.key);
      else if (row.parentIndex >= 0) goTo(row.parentIndex);
    } else if (event.key === "Enter") router.push(imageLink(imageRef(row.node)));
    else if (event.key.toLowerCase() === "c" && mayOperate && mayClone(row.node)) openClone(row.node.spec);
    else return;
    event.preventDefault();
  };
}
