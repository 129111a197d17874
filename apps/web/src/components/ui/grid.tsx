import type { ComponentProps } from "react";

type GridRole = "grid" | "treegrid" | "rowgroup" | "row" | "columnheader" | "rowheader" | "gridcell";

/**
 * A part of an ARIA grid. Rows of a virtual list are placed one by one, which the elements of a table do not allow,
 * so the roles are given by hand.
 */
export function GridPart({ role, ...props }: Omit<ComponentProps<"div">, "role"> & { role: GridRole }) {
  return <div role={role} {...props} />;
}
