"use client";

import {
  type PointerEvent,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { fitWindow, panWindow, type TimeWindow, timeAt, windowAround, zoomWindow } from "./time-axis.ts";

/** How much one click of a button, or one key, zooms. */
const STEP = 1.6;

/** The width of an element in pixels; 0 before its first layout. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null) return;
    const observer = new ResizeObserver(() => setWidth(target.clientWidth));
    observer.observe(target);
    setWidth(target.clientWidth);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/**
 * The part of the history that is in view. The wheel zooms with Ctrl or Cmd, moves with Shift or sideways, and scrolls the
 * page otherwise; dragging moves. Points that are added later extend the view when all of the history was in it.
 *
 * @param times Of all points, in milliseconds.
 * @param selected The time of the selected point, which is brought into view; null for none.
 */
export function useTimeWindow(
  times: readonly number[],
  selected: number | null,
  area: RefObject<HTMLElement | null>,
  width: number,
) {
  const whole = useMemo(() => fitWindow(times, Date.now()), [times]);
  /** Null: the whole history. */
  const [chosen, setChosen] = useState<TimeWindow | null>(null);
  const window = chosen ?? whole;

  const change = useCallback(
    (next: (window: TimeWindow) => TimeWindow) => {
      setChosen((before) => {
        const after = next(before ?? whole);
        return after.from <= whole.from && after.to >= whole.to ? null : after;
      });
    },
    [whole],
  );

  useEffect(() => {
    if (selected !== null) change((before) => windowAround(before, selected, whole));
  }, [selected, whole, change]);

  const zoomBy = useCallback(
    (factor: number, at?: number) => {
      const middle = (window: TimeWindow) => {
        const isInView = selected !== null && selected >= window.from && selected <= window.to;
        return isInView ? selected : (window.from + window.to) / 2;
      };
      change((before) => zoomWindow(before, factor, at ?? middle(before), whole));
    },
    [change, selected, whole],
  );

  // React's own listeners are passive: they could not keep the page from scrolling.
  useEffect(() => {
    const target = area.current;
    if (target === null || width === 0) return;
    const onWheel = (event: WheelEvent) => {
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const x = event.clientX - target.getBoundingClientRect().left;
        zoomBy(1.0015 ** event.deltaY, timeAt(x, window, width));
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        change((before) => panWindow(before, (sideways / width) * (before.to - before.from), whole));
      } else return;
      event.preventDefault();
    };
    target.addEventListener("wheel", onWheel, { passive: false });
    return () => target.removeEventListener("wheel", onWheel);
  }, [area, width, window, whole, zoomBy, change]);

  const drag = useRef<{ x: number; from: TimeWindow; moved: boolean } | null>(null);
  const handlers = {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      if (event.button === 0) drag.current = { x: event.clientX, from: window, moved: false };
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const { current } = drag;
      if (current === null || width === 0) return;
      const by = event.clientX - current.x;
      if (!current.moved && Math.abs(by) < 4) return;
      if (!current.moved) event.currentTarget.setPointerCapture(event.pointerId);
      current.moved = true;
      const { from, to } = current.from;
      change(() => panWindow(current.from, (-by / width) * (to - from), whole));
    },
    onPointerUp() {
      drag.current = null;
    },
    onPointerCancel() {
      drag.current = null;
    },
  };

  return {
    window,
    isWhole: chosen === null,
    zoomIn: () => zoomBy(1 / STEP),
    zoomOut: () => zoomBy(STEP),
    showAll: () => setChosen(null),
    /** Shows this part of the history. */
    show: (from: number, to: number) => change(() => zoomWindow({ from, to }, 1.3, (from + to) / 2, whole)),
    /** Of the element in `area`. */
    handlers,
  };
}
