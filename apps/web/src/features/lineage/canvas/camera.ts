import type { LineageNode } from "@coppice/server/router";
import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { CanvasLayout, Placed } from "../model/layout.ts";

/** Where text can be read with ease, and where it can just be read. */
const READABLE = 0.8;
const STILL_READABLE = 0.6;
const MARGIN = 24;

/** No movement for who asked the system for less of it. */
function duration(): number {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250;
}

/** Moves what is in sight. */
export function useCamera(layout: CanvasLayout) {
  const flow = useReactFlow();
  const store = useStoreApi();

  const find = useCallback((id: string) => layout.placed.find(({ item }) => item.id === id), [layout]);

  const centre = useCallback(
    (id: string, zoom?: number) => {
      const placed = find(id);
      if (placed === undefined) return;
      const { x, y, width, height } = placed;
      void flow.setCenter(x + width / 2, y + height / 2, {
        zoom: zoom ?? Math.max(flow.getZoom(), READABLE),
        duration: duration(),
      });
    },
    [find, flow],
  );

  /** Moves as little as needed to have an item in sight. */
  const show = useCallback(
    (id: string) => {
      const placed = find(id);
      if (placed === undefined) return;
      const { width, height } = store.getState();
      const { x, y, zoom } = flow.getViewport();
      const left = placed.x * zoom + x;
      const top = placed.y * zoom + y;
      const inside =
        left >= MARGIN &&
        top >= MARGIN &&
        left + placed.width * zoom <= width - MARGIN &&
        top + placed.height * zoom <= height - MARGIN;
      if (!inside) centre(id, zoom);
    },
    [find, flow, store, centre],
  );

  const fit = useCallback(
    () => void flow.fitView({ padding: 0.08, maxZoom: 1, duration: duration() }),
    [flow],
  );

  /** The first look: all of it when it can be read so, else its beginning. */
  const home = useCallback(() => {
    const { width, height } = store.getState();
    const right = Math.max(...layout.placed.map((each) => each.x + each.width));
    const bottom = Math.max(...layout.placed.map((each) => each.y + each.height));
    if (Math.min(width / (right + 2 * MARGIN), height / (bottom + 2 * MARGIN)) >= STILL_READABLE) fit();
    else void flow.setViewport({ x: 2 * MARGIN, y: MARGIN, zoom: READABLE });
  }, [layout, flow, store, fit]);

  /** Keeps an item where it is on the screen while the layout around it changes. */
  const hold = useCallback(
    (before: Placed, after: Placed) => {
      const { x, y, zoom } = flow.getViewport();
      void flow.setViewport({ x: x + (before.x - after.x) * zoom, y: y + (before.y - after.y) * zoom, zoom });
    },
    [flow],
  );

  return useMemo(() => ({ find, centre, show, fit, home, hold }), [find, centre, show, fit, home, hold]);
}

export type Camera = ReturnType<typeof useCamera>;

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
