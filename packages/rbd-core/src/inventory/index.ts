export {
  decoding,
  findImage,
  type HeldImage,
  type ImageById,
  isById,
  type PlaceNames,
  readPlaceNames,
} from "./find-image.ts";
export {
  type Forest,
  type ForestMark,
  type ForestNode,
  type ForestOptions,
  forest,
  type ParentState,
} from "./forest.ts";
export { headerIsNotEnough, InventoryMemory, snapshotRow } from "./header-reader.ts";
export type { Place } from "./image-reader.ts";
export {
  type Inventory,
  type InventoryOptions,
  type InventoryProgress,
  inventory,
  type NamespaceScan,
  type PoolScan,
} from "./inventory.ts";
export { readParent, readSnapshots } from "./librbd-reader.ts";
export { type NamedGroup, nameGroup, type RowDetail, showGroup } from "./row-details.ts";
export {
  type ChildLink,
  type ImageRow,
  type InventoryRow,
  imageKey,
  type ParentLink,
  type SnapshotKind,
  type SnapshotRow,
  type TrashEntry,
  type TrashSource,
  type UnreadableImageRow,
  type WatcherLink,
} from "./rows.ts";
