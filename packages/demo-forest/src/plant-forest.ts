import { type Cluster, CoppiceError, createNamespace, type InventoryRow, inventory } from "rbd-core";
import { type ForestPlan, forestPlan, specOf } from "./forest-plan.ts";
import { plantImage, trashImage } from "./plant-image.ts";

/**
 * Plants a small believable forest: templates, golden images, disks with snapshots, clones of clones, an image
 * in the trash; about 300 MiB of data. A cluster is planted once: images that users remove stay removed. The next call
 * completes a planting that was interrupted, and replaces incomplete images.
 *
 * @throws {CoppiceError} `EXISTS` when the cluster has images with these names that were not planted here
 */
export function plantDemoForest(cluster: Cluster, options: PlantingOptions = {}): Promise<Planting> {
  return plantForest(cluster, forestPlan, options);
}

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
  const rows = await existingRows(cluster, plan);
  if (state === "absent") {
    refuseForeignImages(rows, plan);
    await writePlantingState(cluster, plan.name, "planting");
  }
  await ensurePools(cluster, plan);
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

async function existingRows(cluster: Cluster, plan: ForestPlan): Promise<InventoryRow[]> {
  const pools = new Set((await cluster.listPools()).map((pool) => pool.name));
  const { rows } = await inventory(cluster, { pools: plan.pools.filter((pool) => pools.has(pool)) });
  return rows;
}

/** Before the first planting, an image with a planned name belongs to another user. Afterwards it may be replaced. */
function refuseForeignImages(rows: readonly InventoryRow[], plan: ForestPlan): void {
  const planned = new Set(plan.images.map(specOf));
  const foreign = rows.find((row) => row.trash === null && planned.has(row.spec));
  if (foreign === undefined) return;
  throw new CoppiceError({
    code: "EXISTS",
    call: "plantDemoForest",
    object: foreign.spec,
    message: `the cluster already has an image ${foreign.spec} that the demonstration did not create`,
    hint: "Plant the demonstration forest on a cluster of its own.",
  });
}

async function ensurePools(cluster: Cluster, plan: ForestPlan): Promise<void> {
  const pools = new Set((await cluster.listPools()).map((pool) => pool.name));
  for (const pool of plan.pools) {
    if (pools.has(pool)) await cluster.preparePool(pool);
    else await cluster.createPool(pool);
  }
  for (const { pool, name } of plan.namespaces) {
    if (!(await cluster.listNamespaces(pool)).includes(name)) await createNamespace(cluster, pool, name);
  }
}

/**
 * - `absent`: nothing was ever planted.
 * - `planting`: a planting began and did not finish: every image with a planned name belongs to the forest.
 * - `planted`: the planting is complete; later changes to the images belong to their users.
 */
type PlantingState = "absent" | "planting" | "planted";

const keyOf = (forest: string) => `coppice/${forest}`;

/** Reads how far a planting got from the monitors' key-value store (`ceph config-key get`). */
async function readPlantingState(cluster: Cluster, forest: string): Promise<PlantingState> {
  try {
    const value = await cluster.monCommand({ prefix: "config-key get", key: keyOf(forest) });
    const state = typeof value === "object" && value !== null && "state" in value ? value.state : undefined;
    return state === "planted" ? "planted" : "planting";
  } catch (error) {
    if (error instanceof CoppiceError && error.code === "NOT_FOUND") return "absent";
    throw error;
  }
}

/** Records how far a planting got in the monitors' key-value store (`ceph config-key set`). */
async function writePlantingState(cluster: Cluster, forest: string, state: PlantingState): Promise<void> {
  await cluster.monCommand({ prefix: "config-key set", key: keyOf(forest), val: JSON.stringify({ state }) });
}
