import type { LineageNode } from "@coppice/server/router";
import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { CanvasLayout, Placed } from "../model/layout.ts";

/** The zoom at which text is easy to read, and the smallest one at which it is readable. */
const READABLE = 0.8;
const BARELY_READABLE = 0.6;
const MARGIN = 24;

/** The duration of an animation in ms: 0 for users who prefer reduced motion. */
function duration(): number {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250;
}

/** Functions that move the viewport. */
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

  /** Scrolls an item into view if it is outside. */
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

  /** The initial view: the whole forest when it is readable at that zoom, else its start. */
  const showStart = useCallback(() => {
    const { width, height } = store.getState();
    const right = Math.max(...layout.placed.map((each) => each.x + each.width));
    const bottom = Math.max(...layout.placed.map((each) => each.y + each.height));
    if (Math.min(width / (right + 2 * MARGIN), height / (bottom + 2 * MARGIN)) >= BARELY_READABLE) fit();
    else void flow.setViewport({ x: 2 * MARGIN, y: MARGIN, zoom: READABLE });
  }, [layout, flow, store, fit]);

  /** Keeps the position of an item on the screen after a change of the layout. */
  const keepInPlace = useCallback(
    (before: Placed, after: Placed) => {
      const { x, y, zoom } = flow.getViewport();
      void flow.setViewport({ x: x + (before.x - after.x) * zoom, y: y + (before.y - after.y) * zoom, zoom });
    },
    [flow],
  );

  return useMemo(
    () => ({ find, centre, show, fit, showStart, keepInPlace }),
    [find, centre, show, fit, showStart, keepInPlace],
  );
}

export type Camera = ReturnType<typeof useCamera>;

/**
 * Centres the selected image when it was selected elsewhere: in the search, in the tree, in the URL. Returns a function to
 * call before an image is selected on the canvas, where it is in view already.
 */
export function useFollowFocus(
  focus: LineageNode | undefined,
  centre: (id: string, zoom?: number) => void,
): (key: string) => void {
  /** Key of the image that was selected last; null for none, undefined before the first render. */
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
