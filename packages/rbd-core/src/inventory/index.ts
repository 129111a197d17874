export { decoding, findImage, type HeldImage, type ImageById, isById } from "./find-image.ts";
export {
  type Forest,
  type ForestMark,
  type ForestNode,
  type ForestOptions,
  forest,
  type ParentState,
} from "./forest.ts";
export { snapshotRow } from "./header-reader.ts";
export { readParent, readSnapshots } from "./image-reader.ts";
export { type InventoryOptions, type InventoryProgress, inventory } from "./inventory.ts";
export { InventoryMemory } from "./inventory-memory.ts";
export { type Place, type PlaceNames, readPlaceNames } from "./list-images.ts";
export { type NamedGroup, nameGroup, type RowDetail, showGroup } from "./row-details.ts";
export {
  type ChildLink,
  type ImageRow,
  type Inventory,
  type InventoryRow,
  imageKey,
  isIncomplete,
  jsonReplacer,
  type NamespaceScan,
  type OperationMark,
  type ParentLink,
  type PoolScan,
  type SnapshotKind,
  type SnapshotRow,
  type TrashEntry,
  type TrashSource,
  type UnreadableImageRow,
  type WatcherLink,
} from "./rows.ts";
