import { type Cluster, CoppiceError, createNamespace, type InventoryRow, inventory } from "rbd-core";
import { type ForestPlan, specOf } from "./forest-plan.ts";
import { plantImage, trashImage } from "./plant-image.ts";
import { readPlantingState, writePlantingState } from "./planting-state.ts";

export interface PlantingProgress {
  /** Images planted. */
  done: number;
  total: number;
  /** The image being planted. */
  spec: string;
}

export interface PlantingOptions {
  onProgress?(progress: PlantingProgress): void;
  /** Stops between two images; the next planting goes on from there. */
  signal?: AbortSignal;
}

export interface Planting {
  /** False when the forest had been planted before and nothing was done. */
  planted: boolean;
  images: number;
}

/** Plants the images of a plan, once for a cluster. See `plantDemoForest`. */
export async function plantForest(
  cluster: Cluster,
  plan: ForestPlan,
  options: PlantingOptions = {},
): Promise<Planting> {
  const { onProgress, signal } = options;
  const total = plan.images.length;
  const state = await readPlantingState(cluster, plan.name);
  if (state === "planted") return { planted: false, images: total };
  const rows = await rowsThere(cluster, plan);
  if (state === "absent") {
    refuseStrangers(rows, plan);
    await writePlantingState(cluster, plan.name, "planting");
  }
  await makePlaces(cluster, plan);
  for (const [index, image] of plan.images.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ done: index, total, spec: specOf(image) });
    await plantImage(cluster, image, index + 1, rows);
  }
  for (const image of plan.images) await trashImage(cluster, image, rows);
  await writePlantingState(cluster, plan.name, "planted");
  const last = plan.images.at(-1);
  if (last !== undefined) onProgress?.({ done: total, total, spec: specOf(last) });
  return { planted: true, images: total };
}

async function rowsThere(cluster: Cluster, plan: ForestPlan): Promise<InventoryRow[]> {
  const pools = new Set((await cluster.listPools()).map((pool) => pool.name));
  const { rows } = await inventory(cluster, { pools: plan.pools.filter((pool) => pools.has(pool)) });
  return rows;
}

/** Once planting has begun these names are ours to replace; before, an image there is somebody's. */
function refuseStrangers(rows: readonly InventoryRow[], plan: ForestPlan): void {
  const ours = new Set(plan.images.map(specOf));
  const stranger = rows.find((row) => row.trash === null && ours.has(row.spec));
  if (stranger === undefined) return;
  throw new CoppiceError({
    code: "EXISTS",
    call: "plantDemoForest",
    object: stranger.spec,
    message: `the cluster already has an image ${stranger.spec}, which is not part of a demonstration`,
    hint: "The demonstration forest is meant for a cluster of its own.",
  });
}

async function makePlaces(cluster: Cluster, plan: ForestPlan): Promise<void> {
  const pools = new Set((await cluster.listPools()).map((pool) => pool.name));
  for (const pool of plan.pools) {
    if (pools.has(pool)) await cluster.preparePool(pool);
    else await cluster.createPool(pool);
  }
  for (const { pool, name } of plan.namespaces) {
    if (!(await cluster.listNamespaces(pool)).includes(name)) await createNamespace(cluster, pool, name);
  }
}
