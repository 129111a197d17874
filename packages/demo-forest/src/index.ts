export { plantDemoForest } from "./plant-demo-forest.ts";
export type { Planting, PlantingOptions, PlantingProgress } from "./plant-forest.ts";
