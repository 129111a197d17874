import { useCallback, useMemo } from "react";
import { useStoredText } from "./stored-text.ts";

/** A set of short words kept in this browser, and a way to put one in or take it out. */
export function useStoredSet(name: string): [ReadonlySet<string>, (word: string, inside: boolean) => void] {
  const [text, setText] = useStoredText(name);
  const words = useMemo(() => new Set((text ?? "").split(",").filter(Boolean)), [text]);
  const put = useCallback(
    (word: string, inside: boolean) => {
      const next = new Set(words);
      if (inside) next.add(word);
      else next.delete(word);
      setText([...next].sort().join(","));
    },
    [words, setText],
  );
  return [words, put];
}
