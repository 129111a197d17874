import { CoppiceError, type ImageRow, type Inventory, type InventoryRow, type SnapshotRow } from "rbd-core";

const DAY = 24 * 60 * 60 * 1000;
const START = Date.parse("2026-01-01T00:00:00Z");

export function imageRow(row: Partial<ImageRow> & { pool: string; name: string }): ImageRow {
  const namespace = row.namespace ?? "";
  return {
    state: "ok",
    namespace,
    spec: [row.pool, ...(namespace === "" ? [] : [namespace]), row.name].join("/"),
    id: `id-${row.name}`,
    format: 2,
    size: 1024 ** 3,
    objectSize: 4 * 1024 ** 2,
    features: 61n,
    flags: 0n,
    dataPool: null,
    stripeUnit: 4 * 1024 ** 2,
    stripeCount: 1,
    createdAt: new Date(START),
    modifiedAt: new Date(START),
    snapshots: [],
    parent: null,
    trash: null,
    operation: null,
    readThrough: "header",
    readNote: null,
    ...row,
  };
}

export function snapshotRow(id: bigint, name: string, more: Partial<SnapshotRow> = {}): SnapshotRow {
  return { id, name, size: 1024 ** 3, kind: "user", protected: false, createdAt: new Date(START), ...more };
}

/** `child` becomes a clone of `parent`'s snapshot. */
export function cloneOf(parent: ImageRow, snapshot: SnapshotRow, child: ImageRow): ImageRow {
  return {
    ...child,
    parent: {
      poolName: parent.pool,
      namespace: parent.namespace,
      imageName: parent.name,
      imageId: parent.id,
      snapshotName: snapshot.name,
      snapshotId: snapshot.id,
      inTrash: parent.trash !== null,
      overlap: child.size,
    },
  };
}

export function inventoryOf(rows: InventoryRow[], scannedAt = new Date(START)): Inventory {
  const pools = [...new Set(rows.map(({ pool }) => pool))].map((name, index) => {
    const namespaces = [
      ...new Set(["", ...rows.filter(({ pool }) => pool === name).map((row) => row.namespace)]),
    ];
    return {
      id: index + 1,
      name,
      error: null,
      namespaces: namespaces.map((each) => ({ name: each, images: 0, error: null })),
    };
  });
  return { scannedAt, pools, rows };
}

/**
 * A believable cluster: templates with snapshots, disks cloned from them, clones of clones, three pools, two
 * namespaces, some images in the trash, some unreadable. The same for the same `count`.
 */
export function bigInventory(count: number): Inventory {
  const rows: InventoryRow[] = [];
  const parents: { row: ImageRow; snapshot: SnapshotRow }[] = [];
  for (let index = 0; index < count; index++) {
    const pool = ["rbd", "vms", "volumes"][index % 3] ?? "rbd";
    const namespace = index % 7 === 0 ? "tenant" : "";
    const name = `${index % 50 === 0 ? "template" : "disk"}-${index}`;
    const at = { pool, namespace, name };
    if (index % 997 === 5) {
      rows.push({
        ...imageRow(at),
        state: "unreadable",
        error: new CoppiceError({ code: "IO", message: "it could not be read" }),
      });
      continue;
    }
    const snapshots = Array.from({ length: index % 4 }, (_, each) =>
      snapshotRow(BigInt(index * 10 + each + 1), `s${each}`, { kind: each === 2 ? "trash" : "user" }),
    );
    let row = imageRow({
      ...at,
      snapshots,
      size: ((index * 7919) % 64) * 1024 ** 3,
      createdAt: index % 11 === 0 ? null : new Date(START + ((index * 31) % 400) * DAY),
      trash:
        index % 101 === 9
          ? { name, deletedAt: new Date(START), deferredUntil: new Date(START + DAY), source: "user" }
          : null,
    });
    const parent = index % 50 === 0 ? undefined : parents[(index * 13) % (parents.length || 1)];
    if (parent !== undefined) row = cloneOf(parent.row, parent.snapshot, row);
    rows.push(row);
    const snapshot = snapshots[0];
    if (snapshot !== undefined && (index % 50 === 0 || index % 9 === 0)) parents.push({ row, snapshot });
  }
  return inventoryOf(rows);
}
