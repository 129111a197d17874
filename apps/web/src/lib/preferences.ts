import { useCallback, useMemo, useSyncExternalStore } from "react";

/**
 * A preference stored in this browser, one of `allowed`; the first is the default. Filters and selections belong in the
 * URL instead.
 */
export function usePreference<T extends string>(
  name: string,
  allowed: readonly [T, ...T[]],
): [T, (value: T) => void] {
  const [stored, set] = useStoredText(name);
  return [allowed.find((value) => value === stored) ?? allowed[0], set];
}

/** A set of words stored in this browser, and a function that adds or removes one. */
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

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

function read(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null; // storage is disabled
  }
}

/** Calls `listener` when a preference changes, here or in another tab. It must be added before the page is shown. */
export function onPreferenceChange(listener: () => void): void {
  subscribe(listener);
}

/** The text stored under a name; null when there is none. */
export function storedPreference(name: string): string | null {
  return read(`coppice.${name}`);
}

/** A text stored in this browser; null when there is none. Every component that uses the same name follows a change. */
export function useStoredText(name: string): [string | null, (text: string) => void] {
  const key = `coppice.${name}`;
  const text = useSyncExternalStore(
    subscribe,
    () => read(key),
    () => null,
  );
  const set = useCallback(
    (next: string) => {
      try {
        window.localStorage.setItem(key, next);
      } catch {
        return; // storage is disabled
      }
      for (const notify of listeners) notify();
    },
    [key],
  );
  return [text, set];
}
