export { estimateChain } from "./chain-sizes.ts";
export { readObjectMaps } from "./read-object-maps.ts";
export {
  type RebuildObjectMapOptions,
  type RebuildObjectMapResult,
  type RebuildProgress,
  rebuildObjectMap,
} from "./rebuild-object-map.ts";
export {
  type ChainPoint,
  type Measure,
  type ObjectMapsState,
  type SnapshotChain,
  type SnapshotChainOptions,
  snapshotChain,
} from "./snapshot-chain.ts";
export { type WhatChanged, type WhatChangedOptions, whatChanged } from "./what-changed.ts";
