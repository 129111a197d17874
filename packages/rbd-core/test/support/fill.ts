import type { Cluster } from "../../src/cluster/cluster.ts";
import { type CreateImageOptions, createImage, openImage } from "../../src/image/image.ts";
import { createSnapshot } from "../../src/image/snapshots.ts";

export const mib = 1024 * 1024;

/** Writes `length` bytes of one value at `offset`. */
export async function write(cluster: Cluster, spec: string, offset: number, length: number, value: number) {
  await using image = await openImage(cluster, spec);
  await image.write(offset, Buffer.alloc(length, value));
  await image.flush();
}

/** An image with some data, and snapshots each of which is followed by a write unless its name ends in `=`. */
export async function imageWithHistory(
  cluster: Cluster,
  spec: string,
  snapshots: readonly string[],
  options: Partial<CreateImageOptions> = {},
): Promise<void> {
  await createImage(cluster, spec, { size: 16 * mib, ...options });
  await write(cluster, spec, 0, mib, 1);
  for (const [index, name] of snapshots.entries()) {
    const unchanged = name.endsWith("=");
    await createSnapshot(cluster, `${spec}@${unchanged ? name.slice(0, -1) : name}`);
    if (!unchanged) await write(cluster, spec, (index + 1) * mib, 4096, index + 2);
  }
}
