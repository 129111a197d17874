import type { Cluster } from "../../cluster/cluster.ts";
import { showImageSpec } from "../../names/format-image-spec.ts";
import { decodeValue } from "../byte-reader.ts";
import { directoryIdKey } from "../directory.ts";
import { groupDirectoryObject } from "../object-names.ts";
import { readOmapValue } from "../read-objects.ts";
import { orNull } from "./or-null.ts";

export interface NamedGroup {
  pool: string;
  namespace: string;
  name: string;
}

/**
 * A group by its name, with its id where that cannot be found out. A group and its images share the namespace,
 * whatever their pools.
 */
export async function nameGroup(
  cluster: Cluster,
  pool: string,
  namespace: string,
  groupId: string,
  signal: AbortSignal | undefined,
): Promise<NamedGroup> {
  const key = directoryIdKey(groupId);
  const value = await orNull(async () =>
    readOmapValue(await cluster.pool(pool, namespace), groupDirectoryObject, key, signal),
  );
  const name = value === null ? groupId : decodeValue(key, value, (reader) => reader.string());
  return { pool, namespace, name };
}

/** `pool/[namespace/]group` */
export function showGroup({ pool, namespace, name }: NamedGroup): string {
  return showImageSpec({ pool, namespace, image: name });
}
