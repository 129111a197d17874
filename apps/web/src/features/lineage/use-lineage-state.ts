import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useCallback, useMemo } from "react";
import { imageRef } from "#lib/image-ref.ts";
import { type ForestIndex, findNode } from "./model/forest-index.ts";
import { useExpansion } from "./use-expansion.ts";

const parsers = {
  focus: parseAsString.withDefault(""),
  view: parseAsStringLiteral(["canvas", "tree"]).withDefault("canvas").withOptions({ history: "push" }),
};

/** View, focus and what is open: the model both views share. View and focus are in the address bar. */
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
    /** The address names an image that is not there. */
    lost: ref !== "" && focus === undefined ? ref : null,
  };
}

export type LineageState = ReturnType<typeof useLineageState>;
