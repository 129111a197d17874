import type { Image } from "rbd-native";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { createImage, openImage } from "../../../src/image/image.ts";

const MiB = 2 ** 20;
const object = 4 * MiB;
const page = 4096;

/**
 * An image of 64 MiB with 20 MiB of data, in objects of 1 MiB, and two snapshots.
 *
 * @param change What is changed between the snapshots `one` and `two`.
 */
export async function makeDenseSource(
  cluster: Cluster,
  source: string,
  change: (image: Image) => Promise<void>,
): Promise<string> {
  await createImage(cluster, source, { size: 64 * MiB, objectSize: MiB });
  await using image = await openImage(cluster, source);
  for (let at = 0; at < 40; at += 2) await image.write(at * MiB, Buffer.alloc(MiB, at + 1));
  await image.createSnapshot("one");
  await change(image);
  await image.createSnapshot("two");
  return source;
}

/**
 * An image whose plan of a copy has several parts, though it holds little: an object counts whole, and has data at its
 * end alone. Snapshot `one` is of 320 MiB; `two` changes, zeroes, adds and cuts.
 */
export async function makeThinSource(cluster: Cluster, source: string): Promise<string> {
  await createImage(cluster, source, { size: 320 * MiB });
  await using image = await openImage(cluster, source);
  const write = async (first: number, end: number, seed: number) => {
    const numbers = Array.from({ length: end - first }, (_, i) => first + i);
    await Promise.all(
      numbers.map((n) => image.write((n + 1) * object - page, Buffer.alloc(page, (n + seed) | 1))),
    );
  };
  await write(0, 78, 1);
  await image.createSnapshot("one");
  await write(0, 20, 77);
  await image.writeZeroes(10 * object, 5 * object);
  await image.resize(700 * MiB);
  await write(78, 170, 3);
  await image.resize(660 * MiB, { allowShrink: true });
  await image.createSnapshot("two");
  return source;
}
