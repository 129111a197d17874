import type { Image } from "rbd-native";
import type { Cluster } from "../../../../src/cluster/cluster.ts";
import { featureBits, type ImageFeature } from "../../../../src/image/features.ts";
import { createImage, openImage } from "../../../../src/image/image.ts";
import type { Random } from "../random.ts";
import { content, type Layout, range } from "../random-image.ts";
import { ModelImage } from "./model-image.ts";

const KiB = 1024;
const maps: readonly ImageFeature[] = ["object-map", "fast-diff"];

/** The sets of features that images are found with: of krbd and old clients, of Proxmox and ceph-csi, and Ceph's default. */
const featureSets: readonly (readonly ImageFeature[])[] = [
  ["layering"],
  ["layering", "deep-flatten"],
  ["layering", "exclusive-lock"],
  ["layering", "exclusive-lock", ...maps],
  ["layering", "exclusive-lock", ...maps],
  ["layering", "exclusive-lock", ...maps, "deep-flatten"],
  ["layering", "exclusive-lock", ...maps, "deep-flatten"],
];

/** Objects are small, so that a small image has many of them. */
const objectSizes = [64 * KiB, 64 * KiB, 128 * KiB, 256 * KiB, 1024 * KiB];

/** An image that goes through a random history, with its bytes in memory. */
export class HistorySource {
  readonly spec: string;
  readonly name: string;
  readonly model: ModelImage;
  readonly objectSize: number;
  readonly isClone: boolean;
  /** What was done, in order, for the report of a failure. */
  readonly log: string[];
  readonly #cluster: Cluster;
  readonly #random: Random;
  #temporary = 0;

  private constructor(
    made: Pick<HistorySource, "spec" | "name" | "model" | "objectSize" | "isClone" | "log">,
    cluster: Cluster,
    random: Random,
  ) {
    this.spec = made.spec;
    this.name = made.name;
    this.model = made.model;
    this.objectSize = made.objectSize;
    this.isClone = made.isClone;
    this.log = made.log;
    this.#cluster = cluster;
    this.#random = random;
  }

  static async make(cluster: Cluster, pool: string, name: string, random: Random): Promise<HistorySource> {
    const objectSize = random.pick(objectSizes);
    const isStriped = random.chance(0.12);
    const set = random.pick(featureSets);
    const features = featureBits(isStriped ? ["striping", ...set] : set);
    const stripes = { stripeUnit: objectSize / random.pick([2, 4, 16]), stripeCount: random.pick([2, 3, 5]) };
    const layout = { objectSize, features, ...(isStriped ? stripes : {}) };
    const isClone = random.chance(0.55);
    // librbd makes no clone without bytes.
    const size = Math.max(sizeFor(random, objectSize), isClone ? 4096 : 0);
    const log = [
      `${isClone ? "clone" : "image"} of ${size} bytes in objects of ${objectSize}: ${set.join()}${isStriped ? `, striped ${JSON.stringify(stripes)}` : ""}`,
    ];
    const spec = `${pool}/${name}`;
    const head = isClone ? await makeClone(cluster, pool, name, random, layout, size) : Buffer.alloc(size);
    if (!isClone) await createImage(cluster, spec, { ...layout, size });
    const made = { spec, name, model: new ModelImage(head), objectSize, isClone, log };
    return new HistorySource(made, cluster, random);
  }

  /** Some changes, and then a snapshot. */
  async advance(snapshot: string): Promise<void> {
    await using image = await openImage(this.#cluster, this.spec);
    for (let left = this.#random.below(9); left > 0; left--) await this.#changeData(image);
    if (this.#random.chance(0.6)) await this.#changeImage(image);
    for (let left = this.#random.below(4); left > 0; left--) await this.#changeData(image);
    await image.flush();
    await image.createSnapshot(snapshot);
    this.model.snapshot(snapshot);
    this.log.push(`snapshot ${snapshot}`);
  }

  /** One change to the data, as any client makes it. */
  async meddle(): Promise<void> {
    await using image = await openImage(this.#cluster, this.spec);
    await this.#changeData(image);
    if (this.#random.chance(0.3)) await this.#changeImage(image);
  }

  async removeSnapshot(name: string): Promise<void> {
    await using image = await openImage(this.#cluster, this.spec);
    await image.removeSnapshot(name);
    this.log.push(`snapshot ${name} removed`);
  }

  async #changeData(image: Image): Promise<void> {
    const { model, log } = this;
    const random = this.#random;
    const size = model.head.length;
    const kind = random.below(12);
    if (kind === 0) {
      const to = sizeFor(random, this.objectSize);
      await image.resize(to, { allowShrink: true });
      model.resize(to);
      log.push(`resize to ${to}`);
      return;
    }
    if (size === 0) return;
    const [offset, length] = range(random, size, this.objectSize);
    if (length === 0) return;
    if (kind < 7) {
      const data = content(random, length);
      await image.write(offset, data);
      model.write(offset, data);
      log.push(`write ${offset}+${length}`);
    } else {
      if (kind < 10) await image.writeZeroes(offset, length);
      else await image.discard(offset, length);
      model.zero(offset, length);
      log.push(`${kind < 10 ? "zeroes" : "discard"} ${offset}+${length}`);
    }
  }

  async #changeImage(image: Image): Promise<void> {
    const { model, log } = this;
    const random = this.#random;
    const names = [...model.snapshots.keys()];
    switch (random.below(6)) {
      case 0:
        if ((await image.parent()) === null) return;
        await image.flatten();
        log.push("flatten");
        return;
      case 1: {
        const listed = new Set((await image.listSnapshots()).map(({ name }) => name));
        const there = names.filter((name) => listed.has(name));
        if (there.length === 0) return;
        const to = random.pick(there);
        await image.rollback(to);
        model.rollback(to);
        log.push(`rollback to ${to}`);
        return;
      }
      case 2:
        await this.#toggleMaps(image);
        return;
      case 3:
        if (((await image.features()) & featureBits(["object-map"])) === 0n) return;
        await image.rebuildObjectMap();
        log.push("rebuild of the head's map");
        return;
      case 4: {
        // Others come and go between the points.
        const name = `temporary-${this.#temporary++}`;
        await image.createSnapshot(name);
        await this.#changeData(image);
        await image.removeSnapshot(name);
        log.push(`${name} made before that, and removed`);
        return;
      }
      default: {
        const to = Math.max(0, model.head.length - random.below(3) * this.objectSize - random.below(5000));
        const back = random.chance(0.7) ? model.head.length : sizeFor(random, this.objectSize);
        for (const size of [to, back]) {
          await image.resize(size, { allowShrink: true });
          model.resize(size);
        }
        log.push(`resize to ${to} and to ${back}`);
      }
    }
  }

  async #toggleMaps(image: Image): Promise<void> {
    const bits = featureBits(maps);
    const lock = featureBits(["exclusive-lock"]);
    const has = await image.features();
    const isOn = (has & bits) === bits;
    if (!isOn && (has & lock) === 0n) await image.updateFeatures(lock, true);
    await image.updateFeatures(bits, !isOn);
    const rebuilt = !isOn && this.#random.chance(0.5);
    if (rebuilt) await image.rebuildObjectMap();
    this.log.push(`maps ${isOn ? "off" : "on"}${rebuilt ? ", rebuilt for the head" : ""}`);
  }
}

function sizeFor(random: Random, objectSize: number): number {
  return (
    Math.min(random.below(18) * objectSize, 3072 * KiB) + random.pick([0, 0, 512, random.below(objectSize)])
  );
}

async function makeClone(
  cluster: Cluster,
  pool: string,
  name: string,
  random: Random,
  { objectSize, ...layout }: Layout,
  size: number,
): Promise<Buffer> {
  const parent = `${name}-parent`;
  const bytes = Buffer.alloc(size);
  await createImage(cluster, `${pool}/${parent}`, { objectSize, size });
  {
    await using image = await openImage(cluster, `${pool}/${parent}`);
    for (let left = 1 + random.below(6); left > 0 && size > 0; left--) {
      const [offset, length] = range(random, size, objectSize);
      if (length === 0) continue;
      const data = content(random, length);
      await image.write(offset, data);
      data.copy(bytes, offset);
    }
    await image.createSnapshot("base");
  }
  const ioCtx = await cluster.pool(pool);
  const target = { ...layout, order: Math.log2(objectSize), cloneFormat: 2 as const };
  await ioCtx.clone({ pool: ioCtx, image: parent, snapshot: "base" }, name, target);
  return bytes;
}
