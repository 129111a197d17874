import type { InventoryRow } from "./inventory-row.ts";

/** By code unit: the same on every machine, and quick. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of an inventory: pool, namespace, images before trash, name, id. */
export function compareRows(a: InventoryRow, b: InventoryRow): number {
  return (
    compareText(a.pool, b.pool) ||
    compareText(a.namespace, b.namespace) ||
    Number(a.trash !== null) - Number(b.trash !== null) ||
    compareText(a.name, b.name) ||
    compareText(a.id ?? "", b.id ?? "")
  );
}
