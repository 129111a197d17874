import { createHash } from "node:crypto";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { openImage } from "../../../src/image/image.ts";

/** Size and digest of an image or snapshot, read through librbd. */
export async function contentsOf(cluster: Cluster, spec: string): Promise<string> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  const size = await image.size();
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += 4 << 20) hash.update(await image.read(at, Math.min(4 << 20, size - at)));
  return `${size} ${hash.digest("hex")}`;
}
