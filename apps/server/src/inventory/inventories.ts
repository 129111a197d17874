import type { FastifyBaseLogger } from "fastify";
import { forest, InventoryMemory, inventory } from "rbd-core";
import { z } from "zod";
import { viewerProcedure } from "../api/procedures.ts";
import { clusterId, rowError } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { ServerError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { ClusterConnection } from "../cluster/cluster-connection.ts";
import { type Clusters, PerCluster } from "../cluster/clusters.ts";
import type { ServerEvent } from "../events/server-event.ts";
import { type Catalog, findImage } from "./catalog.ts";
import { type ImageDetail, imageDetail, imageDetailSchema, imageGetInput } from "./image-detail.ts";
import {
  type ImageListInput,
  type ImageListPage,
  imageListInput,
  imageListPage,
  listImages,
} from "./image-list.ts";
import { InventoryCache, type InventoryCacheOptions } from "./inventory-cache.ts";
import { type LineageForest, lineage, lineageForest } from "./lineage.ts";

/** An image that a scan this recent did not find is not on the cluster. */
const YOUNG_MS = 2000;

const refreshed = z.object({ cluster: clusterId, scannedAt: z.string() });

/** What is known of the images of each cluster. */
export type Inventories = PerCluster<InventoryCache>;

interface InventoriesOptions {
  clusters: Clusters;
  publish(event: ServerEvent): void;
  /** Whether anybody has the dashboard open. */
  watched(): boolean;
}

/** A cache for each cluster; nothing is scanned yet. All are closed at shutdown. */
export function createInventories(
  host: Host,
  { clusters, publish, watched }: InventoriesOptions,
): Inventories {
  const { config, clock, log, opened } = host;
  const inventories = new PerCluster(clusters.ids, (cluster) => {
    const clusterLog = log.child({ cluster });
    return new InventoryCache({
      cluster,
      scan: scanner(clusters.get(cluster), clusterLog),
      clock,
      intervalMs: config.scanIntervalMs,
      log: clusterLog,
      publish,
      watched,
      outage: () => clusters.get(cluster).failure,
    });
  });
  opened.defer(() => inventories.closeAll());
  return inventories;
}

/** Scans one cluster again and again. Each scan reads only the headers that changed since the one before. */
function scanner(connection: ClusterConnection, log: FastifyBaseLogger): InventoryCacheOptions["scan"] {
  const memory = new InventoryMemory();
  return (signal) =>
    connection.use(async (cluster) => {
      const { headersRead, headersUnchanged } = memory;
      const found = await inventory(cluster, { signal, memory });
      log.debug(
        {
          images: found.rows.length,
          headersRead: memory.headersRead - headersRead,
          headersUnchanged: memory.headersUnchanged - headersUnchanged,
        },
        "scanned the images",
      );
      return { inventory: found, forest: forest(found) };
    });
}

/** `images` of the API. */
export function imagesRouter(inventories: Inventories) {
  return t.router({
    /** One page of the images, filtered and sorted by the server. */
    list: viewerProcedure
      .input(imageListInput)
      .output(imageListPage)
      .query(({ input }) => listPage(inventories.get(input.cluster), input)),

    /** One image with its snapshots and its family. */
    get: viewerProcedure
      .input(imageGetInput)
      .output(imageDetailSchema)
      .query(({ input }) => readImage(inventories.get(input.cluster), input.spec)),
  });
}

/** `lineage` of the API. */
export function lineageRouter(inventories: Inventories) {
  // The forest is the biggest answer and is requested often: it is built once for each scan.
  const built = new WeakMap<Catalog, LineageForest>();
  return t.router({
    /** Every tree of clones of a cluster. */
    forest: viewerProcedure
      .input(z.object({ cluster: clusterId }))
      .output(lineageForest)
      .query(async ({ input }) => {
        const catalog = await inventories.get(input.cluster).current();
        const answer = built.get(catalog) ?? lineage(catalog);
        built.set(catalog, answer);
        return answer;
      }),
  });
}

/** `inventory` of the API. */
export function inventoryRouter(inventories: Inventories) {
  return t.router({
    /** Scans the cluster now instead of at the next interval. Changes nothing on it, so a viewer may. */
    refresh: viewerProcedure
      .input(z.object({ cluster: clusterId }))
      .output(refreshed)
      .mutation(async ({ input: { cluster } }) => {
        const { scannedAt } = await inventories.get(cluster).refresh();
        return { cluster, scannedAt };
      }),
  });
}

export async function listPage(cache: InventoryCache, input: ImageListInput): Promise<ImageListPage> {
  const catalog = await cache.current();
  const scanProblems = [...catalog.problems];
  if (cache.failure !== null) scanProblems.unshift({ place: null, error: rowError(cache.failure) });
  return { ...listImages(catalog, input), scanProblems };
}

/** @throws {ServerError} `IMAGE_UNKNOWN`, after another scan when the last one is not recent */
export async function readImage(cache: InventoryCache, spec: string): Promise<ImageDetail> {
  let catalog = await cache.current();
  let found = findImage(catalog, spec);
  if (found === null && cache.ageMs > YOUNG_MS) {
    catalog = await cache.refresh();
    found = findImage(catalog, spec);
  }
  if (found === null) {
    throw new ServerError("IMAGE_UNKNOWN", `There is no image ${spec}.`, {
      object: spec,
      hint: "It may have been renamed or removed. Look for it in the list of images.",
    });
  }
  return imageDetail(found, catalog);
}
