export { estimateChain } from "./chain-sizes.ts";
export { type ObjectMapsState, readObjectMaps } from "./read-object-maps.ts";
export {
  type RebuildObjectMapOptions,
  type RebuildObjectMapResult,
  type RebuildProgress,
  rebuildObjectMap,
} from "./rebuild-object-map.ts";
export {
  type ChainPoint,
  type Measure,
  type SnapshotChain,
  type SnapshotChainOptions,
  snapshotChain,
} from "./snapshot-chain.ts";
export { type WhatChanged, type WhatChangedOptions, whatChanged } from "./what-changed.ts";
