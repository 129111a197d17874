import type { Cluster } from "../../cluster/index.ts";
import { CoppiceError } from "../../errors/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import type { BlockDigest } from "../digests/digest-manifest.ts";
import type { KnownSnapshot, Source } from "../source.ts";
import { changeHeader } from "../target/change-header.ts";
import { prepareHead, undoHead } from "../target/head.ts";
import { openTarget, type Target, type TargetFacts } from "../target/open-target.ts";
import { isPointOf, pointIn } from "../target/point-record.ts";
import type { TransferLimits, TransferOptions } from "../transfer-options.ts";
import {
  type CopyCheckpoint,
  checkpointIn,
  isSameCopy,
  newUnnamed,
  noteCheckpoint,
  verifyInterrupted,
} from "./take-over-copy.ts";

interface CopyTarget extends Omit<Target, keyof AsyncDisposable> {
  readonly facts: TargetFacts;
  /** What the copy builds on. */
  readonly from: KnownSnapshot | undefined;
  readonly source: Source;
  /** Of the snapshot to make; null for none. */
  readonly name: string | null;
}

export interface CopyStart {
  readonly checkpoint: CopyCheckpoint;
  readonly resumedAt: number;
  /** Digests of what comes before, where an interrupted run's head was compared with the source just now. */
  readonly verified: readonly BlockDigest[] | undefined;
  readonly rolledBack: boolean;
  /** What an interrupted run of the same copy had made already, after all was written. */
  readonly made: KnownSnapshot | undefined;
}

/**
 * Makes a target's head ready for a copy. It goes on where the same copy was interrupted, if nobody wrote to the target
 * since; otherwise the head is made to hold what the from-snapshot holds, or nothing. Notes which copy it is before
 * the first byte is written.
 *
 * @throws {CoppiceError} `EXISTS` when there is a snapshot of that name, `NOT_EMPTY`
 */
export async function startCopy(
  target: CopyTarget,
  options: TransferOptions & { readonly limits?: TransferLimits | undefined } = {},
): Promise<CopyStart> {
  const { cluster, place, image, from, source } = target;
  const { snapshots } = target.facts;
  const { signal } = options;
  const found = checkpointIn(target.facts);
  const wanted = newCheckpoint(target);
  const same = found !== undefined && isSameCopy(found, wanted) ? found : undefined;
  const made = same && madeBefore(target, same);
  refuseOther(target, made);
  if (same !== undefined && made !== undefined) {
    return { checkpoint: same, resumedAt: source.size, verified: undefined, rolledBack: false, made };
  }
  // Made of a copy that nobody wants any more.
  if (snapshots.some(({ name }) => name === found?.snapshot))
    await image.removeSnapshot(found?.snapshot ?? "");
  if (same !== undefined) {
    const verified = await verifyInterrupted({ cluster, place, from, source, done: same.done }, options);
    if (verified !== undefined) {
      return { checkpoint: same, resumedAt: same.done, verified, rolledBack: false, made };
    }
  }
  // What an interrupted copy from nothing left behind is nobody's.
  const isLeftover = found !== undefined && found.targetFrom === null && from === undefined;
  if (isLeftover) await undoHead(image, undefined, await image.size({ signal }));
  const rolledBack = await prepareHead(cluster, place, image, from, signal);
  await changeHeader(target, [noteCheckpoint(wanted)]);
  return {
    checkpoint: wanted,
    resumedAt: 0,
    verified: undefined,
    rolledBack: rolledBack || isLeftover,
    made,
  };
}

function newCheckpoint({ from, source }: CopyTarget): CopyCheckpoint {
  const { fsid, poolId, imageId } = source.identity;
  return {
    version: 1,
    fsid,
    poolId,
    imageId,
    from: source.from === undefined ? null : String(source.from.id),
    to: String(source.to.id),
    targetFrom: from === undefined ? null : String(from.id),
    snapshot: newUnnamed(),
    done: 0,
  };
}

/** The snapshot that an interrupted run made last: under its first name, or recorded and under its own. */
function madeBefore(
  { facts, source, name }: CopyTarget,
  checkpoint: CopyCheckpoint,
): KnownSnapshot | undefined {
  if (name === null) return undefined;
  const { snapshots } = facts;
  const unnamed = snapshots.find((snapshot) => snapshot.name === checkpoint.snapshot);
  if (unnamed !== undefined) return unnamed;
  const named = snapshots.find((snapshot) => snapshot.name === name);
  if (named === undefined) return undefined;
  const point = { source: source.identity, snapshot: source.to };
  return isPointOf(pointIn(facts, named.id), point) ? named : undefined;
}

function refuseOther({ place, facts, name }: CopyTarget, made: KnownSnapshot | undefined): void {
  if (!facts.snapshots.some((snapshot) => snapshot.name === name && snapshot.id !== made?.id)) return;
  const spec = showImageSpec(place);
  throw new CoppiceError({
    code: "EXISTS",
    call: "copyDiff",
    object: `${spec}@${name}`,
    message: `${spec} already has a snapshot ${JSON.stringify(name)}`,
    hint: "It may have been copied before.",
  });
}

/** A target that one point after the other is copied to, open through one handle as long as that can be. */
export class ReusedTarget implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #place: ImageSpec;
  #open: Target | undefined;
  /** Of what was copied through the open handle. */
  #size: number | undefined;

  constructor(cluster: Cluster, place: ImageSpec) {
    this.#cluster = cluster;
    this.#place = place;
  }

  /** @throws {CoppiceError} as `openTarget` */
  async open(signal: AbortSignal | undefined): Promise<Target> {
    this.#open ??= await openTarget(this.#cluster, this.#place, signal);
    return this.#open;
  }

  /**
   * The target, for a copy that gives it that size, in bytes. A handle that was copied through does not change the
   * size: for another one the target is opened again.
   *
   * @throws {CoppiceError} as `openTarget`
   */
  async ofSize(size: number, signal: AbortSignal | undefined): Promise<Target> {
    if (this.#size !== undefined && this.#size !== size) await this[Symbol.asyncDispose]();
    const target = await this.open(signal);
    this.#size = size;
    return target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    [this.#open, this.#size] = [undefined, undefined];
    await open?.[Symbol.asyncDispose]();
  }
}
