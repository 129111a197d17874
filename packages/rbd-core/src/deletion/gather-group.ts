import type { Cluster } from "../cluster/cluster.ts";
import { decodeValue } from "../headers/byte-reader.ts";
import { directoryIdKey } from "../headers/directory.ts";
import type { HeldImage } from "../headers/find-image.ts";
import { groupDirectoryObject } from "../headers/object-names.ts";
import { readOmapValue } from "../headers/read-objects.ts";
import { showImageSpec } from "../names/format-image-spec.ts";

/** The group an image is in, as `pool/[namespace/]group`, or `null`. A group without a name shows its id. */
export async function gatherGroup(
  cluster: Cluster,
  { header, place }: HeldImage,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (header.group === null) return null;
  const { poolId, groupId } = header.group;
  const pool = (await cluster.listPools()).find(({ id }) => id === poolId)?.name ?? `#${poolId}`;
  // A group and its images share the namespace, whatever their pools.
  const { namespace } = place;
  const ioCtx = await cluster.pool(pool, namespace);
  const key = directoryIdKey(groupId);
  const value = await readOmapValue(ioCtx, groupDirectoryObject, key, signal);
  const name = value === null ? groupId : decodeValue(key, value, (reader) => reader.string());
  return showImageSpec({ pool, namespace, image: name });
}
