import type { ImageRow, Inventory, InventoryRow, ParentLink, SnapshotRow } from "../../src/inventory/rows.ts";

const noon = new Date("2026-03-01T12:00:00Z");

/** An image row with everything ordinary but what is given. Its id is its name unless said. */
export function imageRow(name: string, rest: Partial<ImageRow> = {}): ImageRow {
  const row: ImageRow = {
    state: "ok",
    pool: "rbd",
    namespace: "",
    name,
    id: name,
    spec: "",
    format: 2,
    size: 1024,
    objectSize: 4 * 1024 * 1024,
    features: 61n,
    flags: 0n,
    dataPool: null,
    stripeUnit: 4 * 1024 * 1024,
    stripeCount: 1,
    createdAt: noon,
    modifiedAt: noon,
    snapshots: [],
    parent: null,
    trash: null,
    operation: null,
    readThrough: "librbd",
    readNote: null,
    ...rest,
  };
  row.spec = rest.spec ?? [row.pool, ...(row.namespace ? [row.namespace] : []), row.name].join("/");
  return row;
}

export function snapshotRow(name: string, rest: Partial<SnapshotRow> = {}): SnapshotRow {
  return { id: 1n, name, size: 1024, kind: "user", protected: false, createdAt: noon, ...rest };
}

export function childOf(parent: ImageRow, rest: Partial<ParentLink> = {}): ParentLink {
  return {
    poolName: parent.pool,
    namespace: parent.namespace,
    imageName: parent.name,
    imageId: parent.id,
    snapshotName: "snap",
    snapshotId: 1n,
    inTrash: parent.trash !== null,
    overlap: 1024,
    ...rest,
  };
}

/** An inventory of these rows, every pool and namespace of which was read. */
export function inventoryOf(rows: InventoryRow[]): Inventory {
  const pools = [...new Set(rows.map((row) => row.pool))].map((name, id) => ({
    id,
    name,
    error: null,
    namespaces: [...new Set(rows.filter((row) => row.pool === name).map((row) => row.namespace))].map(
      (namespace) => ({
        name: namespace,
        images: rows.filter((row) => row.pool === name && row.namespace === namespace).length,
        error: null,
      }),
    ),
  }));
  return { scannedAt: noon, pools, rows };
}
