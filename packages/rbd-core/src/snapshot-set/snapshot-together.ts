import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";

/** One image of a set, and the name of the snapshot that it gets. */
export interface SetMember {
  readonly place: ImageSpec;
  readonly name: string;
}

export interface TogetherOptions {
  /** For how long the writers of the first image may wait until the others are held, too, in milliseconds. */
  readonly holdLimitMs: number;
  /** Nobody writes to the images: they need not be locked. */
  readonly isFrozen: boolean;
  readonly signal: AbortSignal;
}

/** How often another client may take an image's lock in the moment between taking it and the beginning of the snapshot. */
const attempts = 10;

/**
 * Takes a snapshot of each image such that all of them show one instant, while other clients write to the images.
 *
 * Ceph has no call for that which makes ordinary snapshots (those of an RBD group cannot be exported as diffs). It is put together
 * from two things that librbd does for each image: a client that has the exclusive lock and is in the middle of a change does
 * not give the lock away, so that writes of others wait; and a snapshot first asks whoever watches for it to quiesce, and
 * waits for the answers. So for each image this client takes the lock, by a flush, which asks its owner for it; begins the snapshot;
 * and answers its question only when all the images have come that far. From the moment in which the last one has, until
 * its own snapshot is there, no image can be written to: that moment is what they all show.
 *
 * When it fails, some of the snapshots may be there.
 *
 * @returns For how long the first image could not be written to, in milliseconds.
 * @throws {CoppiceError} `TIMED_OUT` when not all images could be locked in time; `UNSUPPORTED` for an image without the exclusive
 * lock, unless nobody writes; `BUSY`; what a client throws that watches and cannot quiesce; the signal's reason
 */
export async function snapshotTogether(
  cluster: Cluster,
  members: readonly SetMember[],
  options: TogetherOptions,
): Promise<number> {
  await using opened = new AsyncDisposableStack();
  const open = ({ place }: SetMember) => openImage(cluster, place).then((image) => opened.use(image));
  const images = await allSettledOrThrow(members.map(open));
  // A client does not ask itself: the answer comes from a second handle.
  const watched = await allSettledOrThrow(members.map(open));
  for (const [i, image] of images.entries()) {
    const place = members[i]?.place;
    if (place !== undefined && !options.isFrozen) await requireLock(image, place);
  }
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    const meeting = new Meeting(images, options);
    await using watches = new AsyncDisposableStack();
    for (const [i, image] of watched.entries()) {
      watches.use(await image.watchQuiesce({ onQuiesce: () => meeting.arrive(i) }));
    }
    const nameOf = (i: number) => members[i]?.name ?? "";
    const made = await Promise.allSettled(
      images.map((image, i) => takeSnapshot(image, nameOf(i), options, meeting)),
    );
    meeting.end();
    const failed = made.find((each) => each.status === "rejected");
    const isDisturbed = meeting.outcome === "lock-lost" || meeting.isAmbiguous;
    if (failed === undefined && !isDisturbed) return meeting.heldMs;
    if (!isDisturbed) throw meeting.reason ?? failed?.reason;
    if (attempt === attempts) throw disturbed(members);
    for (const [i, image] of images.entries()) {
      if (made[i]?.status === "fulfilled") await image.removeSnapshot(nameOf(i));
    }
  }
}

function disturbed(members: readonly SetMember[]): CoppiceError {
  const names = members.map(({ place }) => showImageSpec(place)).join(", ");
  return new CoppiceError({
    code: "BUSY",
    call: "createConsistentSnapshots",
    object: names,
    message: `other clients took the exclusive locks of ${names}, or made snapshots of them, at the same moment ${attempts} times`,
    hint: "Try again later, or give a hook that freezes whoever writes to the images.",
  });
}

async function requireLock(image: Image, place: ImageSpec): Promise<void> {
  const exclusiveLock = 1n << 2n;
  if (((await image.features()) & exclusiveLock) !== 0n) return;
  const object = showImageSpec(place);
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "createConsistentSnapshots",
    object,
    message: `${object} has no exclusive lock, so that its writers cannot be made to wait`,
    hint: "Enable the feature exclusive-lock, or give a hook that freezes whoever writes to the images.",
  });
}

/** Both at once: the lock that the flush takes is still there when the snapshot begins. */
async function takeSnapshot(
  image: Image,
  name: string,
  { isFrozen }: TogetherOptions,
  meeting: Meeting,
): Promise<void> {
  const locked = isFrozen ? Promise.resolve() : image.flush();
  try {
    await Promise.all([locked, image.createSnapshot(name)]);
  } catch (error) {
    // The others would wait for this one in vain.
    meeting.fail(error);
    throw error;
  }
}

/** Where the snapshots of all images wait for each other. */
export class Meeting {
  /** Why it failed: a lock was lost at a moment when it does no harm, or something else, which `reason` says. */
  outcome: "waiting" | "met" | "lock-lost" | "failed" = "waiting";
  reason: unknown;
  heldMs = 0;
  readonly #images: readonly Pick<Image, "isExclusiveLockOwner">[];
  readonly #options: TogetherOptions;
  readonly #met = Promise.withResolvers<void>();
  readonly #onAbort: () => void;
  #timer: NodeJS.Timeout | undefined;
  #began: number | undefined;
  /** How often each image's watcher was asked. */
  readonly #arrivals: number[];

  constructor(images: readonly Pick<Image, "isExclusiveLockOwner">[], options: TogetherOptions) {
    this.#images = images;
    this.#options = options;
    this.#arrivals = images.map(() => 0);
    // Nobody may be waiting any more when it fails.
    this.#met.promise.catch(() => {});
    const { signal } = options;
    this.#onAbort = () => this.fail(signal.reason);
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** Called when the snapshot of one image waits. Resolves when all of them do. @throws when they will not */
  async arrive(index: number): Promise<void> {
    this.#arrivals[index] = (this.#arrivals[index] ?? 0) + 1;
    if (this.outcome === "met") return;
    if (this.#began === undefined) {
      this.#began = performance.now();
      const { holdLimitMs } = this.#options;
      this.#timer = setTimeout(() => this.fail(tooLate(holdLimitMs)), holdLimitMs);
    }
    if (this.#arrivals.every((count) => count > 0)) {
      const owned = this.#options.isFrozen
        ? []
        : await Promise.all(this.#images.map((image) => image.isExclusiveLockOwner()));
      if (owned.includes(false)) this.#settle("lock-lost", undefined);
      else this.#settle("met", undefined);
    }
    await this.#met.promise;
  }

  /** Another client made a snapshot of one of the images meanwhile: it may be that one for which its watcher was asked. */
  get isAmbiguous(): boolean {
    return this.#arrivals.some((count) => count > 1);
  }

  fail(reason: unknown): void {
    this.#settle("failed", reason);
  }

  /** All snapshots were made, or failed. */
  end(): void {
    this.fail(undefined);
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    if (this.#began !== undefined) this.heldMs = performance.now() - this.#began;
  }

  #settle(outcome: Meeting["outcome"], reason: unknown): void {
    if (this.outcome !== "waiting") return;
    this.outcome = outcome;
    this.reason = reason;
    if (outcome === "met") this.#met.resolve();
    else this.#met.reject(reason);
  }
}

function tooLate(holdLimitMs: number): CoppiceError {
  return new CoppiceError({
    code: "TIMED_OUT",
    call: "createConsistentSnapshots",
    message: `not all of the images could be held within ${holdLimitMs} ms, so that nothing was made`,
    hint: "See whether a client of one of the images hangs, or allow more time.",
  });
}
