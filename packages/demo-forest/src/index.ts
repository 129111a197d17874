export {
  type Planting,
  type PlantingOptions,
  type PlantingProgress,
  plantDemoForest,
} from "./plant-forest.ts";
