export { canUseFastDiff, hasFastDiff, hasMaps, isTrusted, shrinksBetween } from "./fast-diff.ts";
export {
  compareObjectMaps,
  decodeObjectMap,
  emptyObjectMap,
  type ObjectMap,
  objectMapBytes,
  objectState,
  readObjectMap,
} from "./object-map.ts";
export { type DiffReader, type Extent, type PlanDiffOptions, planDiff } from "./plan-diff.ts";
