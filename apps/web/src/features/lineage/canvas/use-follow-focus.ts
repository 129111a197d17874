import type { LineageNode } from "@coppice/server/router";
import { useCallback, useEffect, useRef } from "react";

/**
 * Goes to the image in focus when the focus came from elsewhere: the search, the other view, the address bar. Gives
 * back what to call when it is set here, where the image is in sight already.
 */
export function useFollowFocus(
  focus: LineageNode | undefined,
  centre: (id: string, zoom?: number) => void,
): (key: string) => void {
  /** Where the focus was last; null after it was left, undefined before the first look. */
  const last = useRef<string | null | undefined>(undefined);
  const key = focus?.key ?? null;
  useEffect(() => {
    if (key === last.current) return;
    if (key !== null) centre(key, last.current === undefined ? 1 : undefined);
    last.current = key;
  }, [key, centre]);
  return useCallback((here: string) => {
    last.current = here;
  }, []);
}
