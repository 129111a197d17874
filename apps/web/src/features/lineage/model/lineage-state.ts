import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useCallback, useMemo, useState } from "react";
import { imageRef } from "#lib/links.ts";
import { AUTO, chosenKeys, type Expanded, type ExpansionChoice, withByHand, withFocus } from "./expansion.ts";
import { ancestorsOf, type ForestIndex, findNode, subtreeOf } from "./forest-index.ts";

const parsers = {
  focus: parseAsString.withDefault(""),
  view: parseAsStringLiteral(["canvas", "tree"]).withDefault("canvas").withOptions({ history: "push" }),
};

/** The state that both views share: the view, the selected image and the expanded images. The URL holds the first two. */
export function useLineageState(index: ForestIndex) {
  const [{ focus: ref, view }, setParams] = useQueryStates(parsers);
  const focus = useMemo(() => findNode(index, ref), [index, ref]);

  const setFocus = useCallback(
    (key: string | null) => {
      const node = key === null ? undefined : index.byKey.get(key);
      void setParams({ focus: node === undefined ? null : imageRef(node) });
    },
    [index, setParams],
  );
  const expansion = useExpansion(index, focus?.key, setFocus);

  return {
    view,
    setView: (next: "canvas" | "tree") => void setParams({ view: next }),
    focus,
    setFocus,
    expansion,
    /** The image named in the URL when it does not exist; else null. */
    notFound: ref !== "" && focus === undefined ? ref : null,
  };
}

export type LineageState = ReturnType<typeof useLineageState>;

interface Expansion {
  expanded: Expanded;
  /** Expands or collapses an image. Collapsing an ancestor of the selected image selects the ancestor. */
  toggle: (key: string) => void;
  /** Expands all ancestors of an image. */
  reveal: (key: string) => void;
  all: () => void;
  none: () => void;
}

/** Which images are expanded, in both views. */
function useExpansion(
  index: ForestIndex,
  focusKey: string | undefined,
  setFocus: (key: string) => void,
): Expansion {
  const [choice, setChoice] = useState<ExpansionChoice>(() => {
    // A link to one image of a large forest shows the clones of the image, too.
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
