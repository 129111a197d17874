import type { Image } from "rbd-native";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { featureBits, type ImageFeature } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import type { Random } from "./random.ts";

const KiB = 1024;
const plainFeatures: readonly ImageFeature[] = ["layering", "deep-flatten"];
const lockFeatures: readonly ImageFeature[] = [...plainFeatures, "exclusive-lock"];
const mapFeatures: readonly ImageFeature[] = [...lockFeatures, "object-map", "fast-diff"];

export type MapState = "on" | "off" | "invalid";

/** What is not left to chance. */
export interface ImageShape {
  readonly striped?: boolean;
  readonly clone?: boolean;
}

export interface RandomImage {
  readonly spec: string;
  readonly snapshots: readonly string[];
  readonly description: string;
  /** In bytes. */
  readonly objectSize: number;
}

/**
 * Makes an image with a random history: writes, discards, zeroes, resizes both ways, with or without a parent,
 * striping, and object maps that are on, off, or marked as wrong.
 */
export async function makeRandomImage(
  cluster: Cluster,
  pool: string,
  name: string,
  random: Random,
  maps: MapState,
  snapshotCount = 1 + random.below(5),
  shape: ImageShape = {},
): Promise<RandomImage> {
  const spec = `${pool}/${name}`;
  const objectSize = random.pick([64 * KiB, 256 * KiB, 1024 * KiB, 4096 * KiB]);
  const isStriped = shape.striped ?? random.chance(0.25);
  const features = isStriped
    ? featureBits(["striping", ...(maps === "off" ? plainFeatures : mapFeatures)])
    : featureBits(maps === "off" ? plainFeatures : mapFeatures);
  const layout = {
    objectSize,
    features: maps === "invalid" ? features & ~featureBits(["object-map", "fast-diff"]) : features,
    ...(isStriped
      ? { stripeUnit: objectSize / random.pick([2, 4, 16]), stripeCount: random.pick([2, 3, 5]) }
      : {}),
  };
  const size = () => random.below(5 * 1024) * KiB + random.pick([0, 0, 512, 1]);
  const isClone = shape.clone ?? random.chance(0.4);
  if (isClone) await makeClone(cluster, pool, name, random, layout, size());
  else await createImage(cluster, spec, { ...layout, size: size() });

  const snapshots: string[] = [];
  for (let index = 0; index < snapshotCount; index++) {
    await using image = await openImage(cluster, spec);
    await change(image, random, objectSize, size);
    if (isClone && random.chance(0.1) && (await image.parent()) !== null) await image.flatten();
    const snapshot = `s${index}`;
    await image.createSnapshot(snapshot);
    snapshots.push(snapshot);
    if (maps === "invalid" && index === 0) {
      // librbd marks maps that come to an image with a history as wrong until they are rebuilt.
      await image.updateFeatures(featureBits(["object-map", "fast-diff"]), true);
    }
  }
  const kind = `${isClone ? "clone" : "image"}${isStriped ? ", striped" : ""}, objects of ${objectSize / KiB} KiB`;
  return { spec, snapshots, description: `${kind}, maps ${maps}, ${snapshots.length} snapshots`, objectSize };
}

export interface Layout {
  readonly objectSize: number;
  readonly features: bigint;
  readonly stripeUnit?: number;
  readonly stripeCount?: number;
}

async function makeClone(
  cluster: Cluster,
  pool: string,
  name: string,
  random: Random,
  layout: Layout,
  size: number,
): Promise<void> {
  const parent = `${name}-parent`;
  await createImage(cluster, `${pool}/${parent}`, { objectSize: layout.objectSize, size });
  {
    await using image = await openImage(cluster, `${pool}/${parent}`);
    await change(image, random, layout.objectSize, undefined);
    await image.createSnapshot("base");
  }
  const { objectSize, ...rest } = layout;
  const ioCtx = await cluster.pool(pool);
  const target = { ...rest, order: Math.log2(objectSize), cloneFormat: 2 as const };
  await ioCtx.clone({ pool: ioCtx, image: parent, snapshot: "base" }, name, target);
}

async function change(
  image: Image,
  random: Random,
  objectSize: number,
  newSize: (() => number) | undefined,
): Promise<void> {
  for (let left = random.below(12); left > 0; left--) {
    const size = await image.size();
    const kind = random.below(10);
    if (kind === 0 && newSize !== undefined) {
      await image.resize(newSize(), { allowShrink: true });
      continue;
    }
    if (size === 0) continue;
    const [offset, length] = range(random, size, objectSize);
    if (length === 0) continue;
    if (kind < 6) await image.write(offset, content(random, length));
    else if (kind < 8) await image.writeZeroes(offset, length);
    else await image.discard(offset, length);
  }
  await image.flush();
}

/** Somewhere, aligned or not, sometimes whole objects. */
export function range(random: Random, size: number, objectSize: number): [offset: number, length: number] {
  const align = random.pick([1, 512, 4096, 4096, objectSize]);
  const offset = Math.floor(random.below(size) / align) * align;
  const most = random.pick([512, 4096, 4096, 64 * KiB, objectSize, 3 * objectSize]);
  const length = Math.max(1, Math.floor((1 + random.below(most)) / align)) * align;
  return [offset, Math.min(length, size - offset)];
}

/** Data with runs of zeroes in it, or nothing but zeroes. */
export function content(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (random.chance(0.1)) return bytes;
  for (let at = 0; at < length; at += 4096) {
    if (random.chance(0.7))
      bytes.fill(1 + random.below(255), at, Math.min(length, at + 1 + random.below(4096)));
  }
  return bytes;
}
