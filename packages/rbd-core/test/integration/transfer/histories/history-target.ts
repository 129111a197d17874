import type { Cluster } from "../../../../src/cluster/cluster.ts";
import { hasCode } from "../../../../src/errors/with-coppice-errors.ts";
import { featureBits } from "../../../../src/image/features.ts";
import { createImage, openImage } from "../../../../src/image/image.ts";
import {
  type CopyDiffOptions,
  type CopyDiffResult,
  copyDiff,
} from "../../../../src/transfer/copy/copy-diff.ts";
import { type DigestManifest, mergeManifests } from "../../../../src/transfer/digests/digest-manifest.ts";
import { verifyDigests } from "../../../../src/transfer/digests/verify-digests.ts";
import { TransferLimits } from "../../../../src/transfer/transfer-options.ts";
import { dieInTransfer } from "../../../support/die-in-transfer.ts";
import type { PythonRbd } from "../../../support/python-rbd.ts";
import type { Death } from "../../../support/transfer-and-die.ts";
import type { Random } from "../random.ts";
import { problemsOf } from "./check-point.ts";
import { sha256 } from "./model-image.ts";

/** Where histories run. */
export interface HistoryPlace {
  readonly cluster: Cluster;
  readonly conf: string;
  readonly pool: string;
  readonly python: PythonRbd;
}

/** How often something happened in all histories. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  toString(): string {
    return [...this.#counts]
      .toSorted()
      .map(([what, count]) => `${what}: ${count}`)
      .join(", ");
  }
}

const deaths: readonly Death[] = [
  { change: "metadata_set" },
  { change: "metadata_set", late: true },
  { written: 1 },
  { written: 200_000 },
  { call: "flush" },
  { call: "createSnapshot" },
  { call: "createSnapshot", late: true },
  { change: "snapshot_rename" },
];

/** They come only where the head was changed. */
const deathsInRollback: readonly Death[] = [
  { call: "rollback" },
  { call: "rollback", late: true },
  { rollbackStep: 1 },
  { rollbackStep: 3 },
  { rollbackStep: 8 },
];

/** An image to which point after point is copied: each copy may be interrupted, killed or disturbed. */
export class HistoryTarget {
  readonly spec: string;
  readonly name: string;
  readonly log: string[];
  readonly #place: HistoryPlace;
  readonly #random: Random;
  readonly #counts: Counts;
  readonly #manifests: DigestManifest[] = [];
  #points: { readonly snapshot: string; readonly bytes: Buffer }[] = [];
  #isExact = true;
  #isMeddledWith = false;

  private constructor(place: HistoryPlace, name: string, random: Random, log: string[], counts: Counts) {
    this.#place = place;
    this.name = name;
    this.spec = `${place.pool}/${name}`;
    this.#random = random;
    this.log = log;
    this.#counts = counts;
  }

  static async make(
    place: HistoryPlace,
    name: string,
    random: Random,
    like: { readonly objectSize: number },
    log: string[],
    counts: Counts,
  ): Promise<HistoryTarget> {
    const maps = ["layering", "exclusive-lock", "object-map", "fast-diff"] as const;
    const set = random.pick([
      ["layering"],
      ["layering", "exclusive-lock"],
      maps,
      maps,
      maps,
      [...maps, "deep-flatten"],
    ] as const);
    const objectSize = random.chance(0.7) ? like.objectSize : random.pick([64, 256, 1024]) * 1024;
    const stripes = random.chance(0.07) ? { stripeUnit: objectSize / 4, stripeCount: 2 } : {};
    const features = featureBits("stripeUnit" in stripes ? ["striping", ...set] : set);
    await createImage(place.cluster, `${place.pool}/${name}`, {
      size: random.below(1 << 20),
      objectSize,
      features,
      ...stripes,
    });
    log.push(`${name}: objects of ${objectSize}, ${set.join()}${"stripeUnit" in stripes ? ", striped" : ""}`);
    return new HistoryTarget(place, name, random, log, counts);
  }

  /** The points that it holds, oldest first. */
  get points(): readonly { readonly snapshot: string; readonly bytes: Buffer }[] {
    return this.#points;
  }

  /**
   * Copies a point, by whatever way, and checks all that can be said of it.
   *
   * @param meddle What somebody else does to the source meanwhile.
   */
  async copy(
    image: string,
    from: string | undefined,
    to: string,
    bytes: Buffer,
    meddle: () => Promise<void>,
  ): Promise<void> {
    const random = this.#random;
    if (this.#points.length > 0 && random.chance(0.2)) await this.#changeBefore();
    const verify = random.pick(["none", "none", "none", "changed", "full"] as const);
    const options: CopyDiffOptions = { image, from, to, target: { image: this.spec }, verify };
    this.log.push(`copy ${from ?? "nothing"}..${to} of ${image} to ${this.name}, verify ${verify}`);
    if (random.chance(0.25)) await this.#interrupt(options);
    else if (random.chance(0.04)) await this.#kill(options);
    const isThere = await this.#has(to);
    const result = isThere ? undefined : await this.#copyDisturbed(options, meddle);
    this.#counts.add("copies");
    await this.#check(to, bytes);
    if (result === undefined) this.#isExact = false;
    else this.#manifests.push(result.manifest);
    if (result !== undefined && this.#isExact) await this.#checkDigests(to, result.manifest);
  }

  async #copyDisturbed(options: CopyDiffOptions, meddle: () => Promise<void>): Promise<CopyDiffResult> {
    const { cluster } = this.#place;
    const random = this.#random;
    const onSource = random.chance(0.2);
    const onTarget = !onSource && random.chance(0.2);
    if (!onSource && !onTarget) return await copyDiff(cluster, options);
    const limits = new TransferLimits(random.chance(0.5) ? { operationsPerSecond: 100 } : {});
    const startAt = random.below(3);
    let steps = 0;
    let meddling: Promise<void> | undefined;
    const disturb = onSource ? meddle : () => this.#meddleWithTarget();
    const onProgress = () => {
      if (steps++ >= startAt) meddling ??= disturb().finally(() => limits.set({}));
    };
    try {
      return await copyDiff(cluster, { ...options, limits, onProgress });
    } catch (error) {
      this.log.push(`disturbed: ${String(error)}`);
      if (!onTarget || !(hasCode(error, "SOURCE_CHANGED") || hasCode(error, "BUSY"))) throw error;
      this.#counts.add("copies that were disturbed and refused");
    } finally {
      await meddling;
    }
    this.#isMeddledWith = false;
    return await copyDiff(cluster, options);
  }

  /** Another client resizes the target, has its map rebuilt, or makes a snapshot. It may be refused. */
  async #meddleWithTarget(): Promise<void> {
    const { python, pool } = this.#place;
    const random = this.#random;
    const size = random.below(3 << 20);
    const kind = random.below(4);
    const change = async (what: Parameters<PythonRbd["change"]>[2]) => {
      this.log.push(`another client: ${JSON.stringify(what)} on ${this.name}`);
      await python.change(pool, this.name, what).catch((error: Error) => this.log.push(error.message));
    };
    this.#counts.add("changes to a target meanwhile");
    this.#isMeddledWith = true;
    if (kind === 0) await change({ action: "rebuild" });
    else if (kind === 1) await change({ action: "snapshot", name: `other-${this.log.length}` });
    else {
      const before = await this.#sizeOf();
      await change({ action: "resize", size });
      if (kind === 3) await change({ action: "resize", size: before });
    }
  }

  async #sizeOf(): Promise<number> {
    await using image = await openImage(this.#place.cluster, this.spec, { readOnly: true });
    return await image.size();
  }

  /** A first try that is aborted on its way, or another copy; and perhaps somebody who writes to the head. */
  async #interrupt(options: CopyDiffOptions): Promise<void> {
    const { cluster } = this.#place;
    const random = this.#random;
    const abort = new AbortController();
    const stopAt = random.below(5);
    let steps = 0;
    const onProgress = () => {
      if (steps++ === stopAt) abort.abort(new Error("stopped"));
    };
    const first = copyDiff(cluster, { ...options, signal: abort.signal, onProgress, checkpointBytes: 1 });
    await first.catch((error: Error) => {
      if (error.message !== "stopped") throw error;
    });
    this.#counts.add("interrupted copies");
    this.log.push(`interrupted at step ${stopAt}`);
    if (options.from !== undefined && random.chance(0.3) && !(await this.#has(options.to)))
      await this.#stray();
  }

  async #kill(options: CopyDiffOptions): Promise<void> {
    const { cluster, conf } = this.#place;
    const { image, from, to } = options;
    const random = this.#random;
    const strayed = from !== undefined && random.chance(0.5);
    if (strayed) await this.#stray();
    const death = random.pick(strayed ? deathsInRollback : deaths);
    this.log.push(`killed: ${JSON.stringify(death)}`);
    const copyDiff = { image: String(image), from, to, target: { image: this.spec }, checkpointBytes: 1 };
    const killed = await dieInTransfer(cluster, { conf, copyDiff, death }, { mayOutlive: true });
    this.#counts.add(killed ? "killed copies" : "copies too quick to be killed");
  }

  /** Somebody writes to the head. */
  async #stray(): Promise<void> {
    const random = this.#random;
    await using image = await openImage(this.#place.cluster, this.spec);
    const size = await image.size();
    if (size === 0) return;
    const offset = random.below(size);
    const length = Math.min(size - offset, 1 + random.below(200_000));
    if (random.chance(0.6)) await image.write(offset, Buffer.alloc(length, 77));
    else await image.writeZeroes(offset, length);
    this.log.push(`somebody wrote ${offset}+${length} to ${this.name}`);
  }

  /** What somebody does to the target between two copies. */
  async #changeBefore(): Promise<void> {
    const random = this.#random;
    const kind = random.below(6);
    if (kind === 0) return await this.#stray();
    await using image = await openImage(this.#place.cluster, this.spec);
    const maps = featureBits(["object-map", "fast-diff"]);
    const features = await image.features();
    const hasMaps = (features & maps) === maps;
    if (kind === 1) {
      await image.resize(random.below(3 << 20), { allowShrink: true });
      this.log.push(`${this.name} resized`);
    } else if (kind === 2 && hasMaps) {
      await image.rebuildObjectMap();
      this.log.push(`${this.name}: map rebuilt`);
    } else if (kind === 3) {
      const to = random.pick(this.#points).snapshot;
      await image.rollback(to);
      this.log.push(`${this.name} rolled back to ${to}`);
    } else if (kind === 4 && (features & featureBits(["exclusive-lock"])) !== 0n) {
      await image.updateFeatures(maps, !hasMaps);
      if (!hasMaps && random.chance(0.5)) await image.rebuildObjectMap();
      this.log.push(`${this.name}: maps ${hasMaps ? "off" : "on"}`);
    } else if (kind === 5 && this.#points.length > 1) {
      const [oldest] = this.#points.splice(random.below(this.#points.length - 1), 1);
      if (oldest !== undefined) await image.removeSnapshot(oldest.snapshot);
      this.log.push(`${this.name}: ${oldest?.snapshot} removed`);
    }
  }

  /** Compares a point, which the head holds too, with the bytes that it has to hold. */
  async #check(snapshot: string, bytes: Buffer): Promise<void> {
    const { python, pool } = this.#place;
    const since = this.#points.at(-1);
    const problems = await problemsOf(python, { pool, image: this.name, snapshot, bytes, since });
    // Another client may have changed the head after the copy ended.
    const head = this.#isMeddledWith
      ? (await python.inspect(pool, this.name)).wrong
      : await problemsOf(python, { pool, image: this.name, bytes, since: { snapshot, bytes } });
    this.#isMeddledWith = false;
    problems.push(...head.map((problem) => `its head: ${problem}`));
    this.#points.push({ snapshot, bytes });
    // A map that somebody switched on is marked as invalid until it is rebuilt: that is no fault of the copy.
    const own = problems.filter((problem) => !problem.includes("marked as invalid"));
    if (own.length > 0) throw new Error(`${this.name}@${snapshot} is wrong: ${own.join("; ")}`);
  }

  /** All points once more. */
  async checkAll(): Promise<void> {
    const { python, pool } = this.#place;
    for (const { snapshot, bytes } of this.#points) {
      const found = await python.inspect(pool, this.name, snapshot);
      if (found.sha256 !== sha256(bytes))
        throw new Error(`${this.name}@${snapshot} is not any more what it was`);
    }
  }

  async #checkDigests(snapshot: string, manifest: DigestManifest): Promise<void> {
    const { cluster } = this.#place;
    const merged = mergeManifests(this.#manifests);
    for (const [what, each] of [
      ["its own", manifest],
      ["the merged", merged],
    ] as const) {
      const { wrong } = await verifyDigests(cluster, { image: this.spec, snapshot, manifest: each });
      if (wrong.length > 0) throw new Error(`${what} digests of ${this.name}@${snapshot} are wrong`);
    }
  }

  async #has(snapshot: string): Promise<boolean> {
    await using image = await openImage(this.#place.cluster, this.spec, { readOnly: true });
    return await image.snapshotExists(snapshot);
  }
}
