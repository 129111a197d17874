export { canUseFastDiff, hasMaps } from "./fast-diff.ts";
export {
  compareObjectMaps,
  emptyObjectMap,
  hasFastDiff,
  isTrusted,
  type ObjectMap,
  objectState,
} from "./object-map.ts";
export { type DiffReader, type Extent, type PlanDiffOptions, planDiff } from "./plan-diff.ts";
export { decodeObjectMap, objectMapBytes, readObjectMap } from "./read-object-map.ts";
