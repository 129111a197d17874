import { useStore } from "@xyflow/react";
import { type RefObject, useEffect } from "react";

/** Below these zooms text is too small to read, so there is less of it, larger; then none. */
const NEAR = 0.6;
const MID = 0.3;

/** Tells all cards at once how much to show, by an attribute that their styles look at. */
export function DetailLevel({ frame }: { frame: RefObject<HTMLDivElement | null> }) {
  const level = useStore(({ transform: [, , zoom] }) =>
    zoom >= NEAR ? "near" : zoom >= MID ? "mid" : "far",
  );
  useEffect(() => frame.current?.setAttribute("data-detail", level), [frame, level]);
  return null;
}
