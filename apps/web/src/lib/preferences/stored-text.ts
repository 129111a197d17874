import { useCallback, useSyncExternalStore } from "react";

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
    return null; // storage switched off: the default stands
  }
}

/** A text kept in this browser; null while there is none. All places that use the same name follow a change. */
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
        return; // storage switched off: nothing to keep it in
      }
      for (const notify of listeners) notify();
    },
    [key],
  );
  return [text, set];
}
