import { useCallback, useMemo, useState } from "react";
import {
  AUTO,
  chosenKeys,
  type Expanded,
  type ExpansionChoice,
  withByHand,
  withFocus,
} from "./model/expansion.ts";
import { ancestorsOf, type ForestIndex, findNode, subtreeOf } from "./model/forest-index.ts";

export interface Expansion {
  expanded: Expanded;
  /** Opens what is closed and closes what is open. Closing over the focus moves the focus up. */
  toggle: (key: string) => void;
  /** Opens all above an image and keeps it open. */
  reveal: (key: string) => void;
  all: () => void;
  none: () => void;
}

/** What is open, for both views. */
export function useExpansion(
  index: ForestIndex,
  focusKey: string | undefined,
  setFocus: (key: string) => void,
): Expansion {
  const [choice, setChoice] = useState<ExpansionChoice>(() => {
    // Who comes for one image of a large forest wants to see its clones, too.
    const focus = focusKey === undefined ? undefined : findNode(index, focusKey);
    return focus === undefined ? AUTO : withByHand(AUTO, [...ancestorsOf(index, focus.key), focus], true);
  });
  const chosen = useMemo(() => chosenKeys(index, choice), [index, choice]);
  const expanded = useMemo(() => withFocus(index, chosen, focusKey), [index, chosen, focusKey]);

  const reveal = useCallback(
    (key: string) => setChoice((before) => withByHand(before, ancestorsOf(index, key), true)),
    [index],
  );
  const toggle = useCallback(
    (key: string) => {
      const open = expanded.has(key);
      setChoice((before) => withByHand(before, [{ key }], !open));
      if (open && focusKey !== undefined && focusKey !== key && subtreeOf(index, key).has(focusKey))
        setFocus(key);
    },
    [index, expanded, focusKey, setFocus],
  );
  const all = useCallback(() => setChoice({ rule: "all", byHand: new Map() }), []);
  const none = useCallback(() => {
    setChoice({ rule: "none", byHand: new Map() });
    const root = focusKey === undefined ? undefined : ancestorsOf(index, focusKey)[0];
    if (root !== undefined) setFocus(root.key);
  }, [index, focusKey, setFocus]);

  return useMemo(() => ({ expanded, toggle, reveal, all, none }), [expanded, toggle, reveal, all, none]);
}
