import { withCoppiceErrors } from "../errors/index.ts";
import { checkName } from "../names/index.ts";
import type { Cluster } from "./cluster.ts";

/** Creates a namespace in a pool. (`rbd_namespace_create`) @throws {CoppiceError} `EXISTS`, `INVALID_NAME` */
export async function createNamespace(cluster: Cluster, pool: string, namespace: string): Promise<void> {
  checkName("namespace", namespace);
  const ioCtx = await cluster.pool(pool);
  await withCoppiceErrors({ object: `${pool}/${namespace}` }, () => ioCtx.createNamespace(namespace));
}

/** Removes an empty namespace. (`rbd_namespace_remove`) @throws {CoppiceError} `NOT_FOUND`, `BUSY` with images in it */
export async function removeNamespace(cluster: Cluster, pool: string, namespace: string): Promise<void> {
  const ioCtx = await cluster.pool(pool);
  await withCoppiceErrors({ object: `${pool}/${namespace}` }, () => ioCtx.removeNamespace(namespace));
}
