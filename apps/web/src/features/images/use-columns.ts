import { useMemo } from "react";
import { usePreference } from "#lib/preferences/use-preference.ts";
import { useStoredSet } from "#lib/preferences/use-stored-set.ts";
import { imageColumns } from "./columns.tsx";

/** How high a row is, in pixels. */
export const ROW_HEIGHT = { comfortable: 40, compact: 30 } as const;

export type Density = keyof typeof ROW_HEIGHT;

export function useDensity(): [Density, (density: Density) => void] {
  return usePreference<Density>("images.density", ["comfortable", "compact"]);
}

/** Which columns the person has hidden. */
export function useHiddenColumns() {
  return useStoredSet("images.hidden");
}

/** What is shown in a table of this width: neither hidden by the person nor without room. */
export function useColumnVisibility(tableWidth: number): Record<string, boolean> {
  const [hidden] = useHiddenColumns();
  return useMemo(
    () =>
      Object.fromEntries(
        imageColumns.map(({ id = "", meta }) => [
          id,
          !hidden.has(id) && tableWidth >= (meta?.minTableWidth ?? 0),
        ]),
      ),
    [hidden, tableWidth],
  );
}
