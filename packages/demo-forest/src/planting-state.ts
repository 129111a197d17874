import { type Cluster, CoppiceError } from "rbd-core";

/**
 * - `absent`: nothing was ever planted.
 * - `planting`: a planting began and was not finished: all names of the plan are the forest's own.
 * - `planted`: done; what people do with the images afterwards is up to them.
 */
export type PlantingState = "absent" | "planting" | "planted";

const keyOf = (forest: string) => `coppice/${forest}`;

/** Reads how far a planting got, from the cluster's own key-value store. (`ceph config-key get`) */
export async function readPlantingState(cluster: Cluster, forest: string): Promise<PlantingState> {
  try {
    const value = await cluster.monCommand({ prefix: "config-key get", key: keyOf(forest) });
    const state = typeof value === "object" && value !== null && "state" in value ? value.state : undefined;
    return state === "planted" ? "planted" : "planting";
  } catch (error) {
    if (error instanceof CoppiceError && error.code === "NOT_FOUND") return "absent";
    throw error;
  }
}

/** (`ceph config-key set`) */
export async function writePlantingState(
  cluster: Cluster,
  forest: string,
  state: PlantingState,
): Promise<void> {
  await cluster.monCommand({ prefix: "config-key set", key: keyOf(forest), val: JSON.stringify({ state }) });
}
