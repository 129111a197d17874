import type { IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { findImage, openImage, removeOwnImage, waitForDeadClients } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { beginOperation, type Operation } from "../operation/index.ts";
import {
  type Mirror,
  type MirrorRecord,
  mirrorPurpose,
  noMirror,
  readMirror,
  type StoredMirror,
  toMirror,
  writeMirror,
} from "./mirror-record.ts";
import { advanceMirror, type MirrorEvent } from "./mirror-state.ts";

/** Which mirror, and where. The first argument of these functions is the cluster of its sources. */
export interface MirrorChoice {
  /** What it is called by: the mirror image of its first disk. */
  readonly mirror: ImageSpecLike;
  /** Where the mirror is; in the cluster of the sources without it. */
  readonly target?: { readonly cluster?: Cluster | undefined } | undefined;
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined;
}

/** The kind of the operations that drive mirrors. */
export const mirrorKind = "mirror";

/**
 * One driver's work on a mirror: the lease, and the record as it stands. Nobody else changes the record meanwhile, and each
 * change of it is tied to what was there before.
 */
export class MirrorRun implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly targetCluster: Cluster;
  readonly place: ImageSpec;
  readonly operation: Operation;
  readonly now: () => Date;
  readonly #ioCtx: IoCtx;
  #stored: StoredMirror | null;

  private constructor(
    clusters: { readonly cluster: Cluster; readonly targetCluster: Cluster },
    place: ImageSpec,
    operation: Operation,
    ioCtx: IoCtx,
    stored: StoredMirror | null,
    now: () => Date,
  ) {
    this.cluster = clusters.cluster;
    this.targetCluster = clusters.targetCluster;
    this.place = place;
    this.operation = operation;
    this.now = now;
    this.#ioCtx = ioCtx;
    this.#stored = stored;
  }

  /**
   * Takes the lease and reads the record.
   *
   * @throws {CoppiceError} `BUSY` while another process works on the mirror; `UNSUPPORTED`; the signal's reason
   */
  static async begin(
    cluster: Cluster,
    { mirror, target, now = () => new Date() }: MirrorChoice,
    signal: AbortSignal | undefined,
  ): Promise<MirrorRun> {
    const place = toImageOnly(mirror);
    const targetCluster = target?.cluster ?? cluster;
    signal?.throwIfAborted();
    const operation = await beginOperation(targetCluster, {
      image: place,
      purpose: mirrorPurpose,
      kind: mirrorKind,
      details: { version: 1 },
      signal,
    });
    return await MirrorRun.of({ cluster, targetCluster }, operation, now);
  }

  /** Goes on with an operation that was begun. It is given up when the record cannot be read. */
  static async of(
    clusters: { readonly cluster: Cluster; readonly targetCluster: Cluster },
    operation: Operation,
    now: () => Date,
  ): Promise<MirrorRun> {
    const { place } = operation;
    try {
      const ioCtx = await clusters.targetCluster.pool(place.pool, place.namespace);
      const stored = await withCoppiceErrors({ object: showImageSpec(place) }, () =>
        readMirror(ioCtx, place.image, operation.signal),
      );
      return new MirrorRun(clusters, place, operation, ioCtx, stored, now);
    } catch (error) {
      await giveUp(operation);
      throw error;
    }
  }

  get signal(): AbortSignal {
    return this.operation.signal;
  }

  /** Whether there is a record. */
  get exists(): boolean {
    return this.#stored !== null;
  }

  /** Whether an interrupted call had removed the record, and had only its operation to end. */
  get isOver(): boolean {
    return !this.exists && this.operation.interrupted !== null;
  }

  /** @throws {CoppiceError} `NOT_FOUND` */
  get record(): MirrorRecord {
    if (this.#stored === null) throw noMirror(this.place, "mirror");
    return this.#stored.record;
  }

  /** The mirror, as the caller is told of it when the work is done. */
  describe(): Mirror {
    return toMirror(this.record, null, this.now());
  }

  /** Writes the record after an event. @throws {CoppiceError} `INVALID_ARGUMENT`, `LEASE_LOST` */
  async advance(event: MirrorEvent): Promise<void> {
    await this.write(advanceMirror(this.record, event));
  }

  /** Writes the first record, or the last: null removes it. @throws {CoppiceError} `LEASE_LOST` */
  async write(record: MirrorRecord | null): Promise<void> {
    this.operation.throwIfLost();
    const { image } = this.place;
    const previous = this.#stored?.bytes ?? null;
    try {
      const bytes = await writeMirror(this.#ioCtx, image, previous, record);
      this.#stored = record === null || bytes === null ? null : { record, bytes };
    } catch (error) {
      throw hasCode(error, "CANCELED") ? changedByOther(this.place, error) : error;
    }
  }

  /**
   * Checks that this is the cluster of the mirror's sources.
   *
   * @throws {CoppiceError} `INVALID_ARGUMENT`, `NOT_FOUND`
   */
  checkCluster(): void {
    const { fsid } = this.record;
    if (fsid === this.cluster.fsid) return;
    const object = showImageSpec(this.place);
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "mirror",
      object,
      message: `the sources of the mirror ${object} are in the cluster ${fsid}, not in ${this.cluster.fsid}`,
      hint: "Give the cluster of the sources first, and that of the mirrors as the target.",
    });
  }

  /**
   * Deals with what an interrupted driver left beside the record: what it had open for writing, and an image that it had made
   * and not recorded. Nothing of the operation's own record is needed any more then.
   */
  async settle(): Promise<void> {
    if (this.operation.interrupted === null || !this.exists) return;
    await withCoppiceErrors({ object: showImageSpec(this.place) }, async () => {
      for (const [index, { mirrorId }] of this.record.disks.entries()) {
        if (mirrorId === null && this.record.state === "starting") await this.#adopt(index);
      }
      const isSame = this.cluster.fsid === this.targetCluster.fsid;
      for (const { source, mirror } of this.record.disks) {
        // The operation's record knows the clients of its own cluster.
        for (const spec of isSame ? [mirror, source] : [mirror]) {
          await using image = await openIfThere(this.targetCluster, spec);
          if (image !== null) await waitForDeadClients(this.targetCluster, image, this.operation);
        }
      }
    });
  }

  /** Records the image of a disk that an interrupted driver had made; removes one that it had made in part. */
  async #adopt(index: number): Promise<void> {
    const spec = this.record.disks[index]?.mirror;
    if (spec === undefined) return;
    const found = await findImage(this.targetCluster, spec, this.operation.record.clients);
    if (found.state === "partly-created") {
      await removeOwnImage(this.targetCluster, spec, found.id, this.operation);
    }
    if (found.state !== "created") return;
    {
      await using image = await openImage(this.targetCluster, spec, { readOnly: true });
      // As it is made: anything else is another image that this client made under that name.
      if ((await image.size()) > 0 || (await image.listSnapshots()).length > 0) return;
    }
    await this.advance({ type: "image-made", disk: index, id: found.id });
  }

  /** Ends the operation: the mirror's own record says how far it is. */
  async end(): Promise<void> {
    await this.operation.end();
  }

  /**
   * Runs the work of a driver, and ends the operation, also when the work fails: what the mirror's record says is enough to go
   * on. Nothing is ended when another process may have taken over.
   */
  async work<T>(action: () => Promise<T>): Promise<T> {
    try {
      const object = showImageSpec(this.place);
      const result = await withCoppiceErrors({ object }, action);
      await this.end();
      return result;
    } catch (error) {
      this.operation.throwIfLost();
      // Then the operation's record is still needed to tell an image that was made and not recorded.
      if (!hasCode(error, "UNDO_FAILED")) await Promise.allSettled([this.end()]);
      throw this.signal.aborted && !hasCode(error, "UNDO_FAILED") ? this.signal.reason : error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.operation[Symbol.asyncDispose]();
  }
}

/** An operation that has changed nothing ends; one that was taken over stays for the next call. */
async function giveUp(operation: Operation): Promise<void> {
  if (operation.interrupted === null) await Promise.allSettled([operation.end()]);
  await operation[Symbol.asyncDispose]();
}

/** Opens an image for reading; null when it is not there. */
export async function openIfThere(cluster: Cluster, spec: ImageSpec) {
  try {
    return await openImage(cluster, spec, { readOnly: true, allowIncomplete: true });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}

function changedByOther(place: ImageSpec, cause: unknown): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "LEASE_LOST",
    call: "mirror",
    object,
    message: `another process has changed the record of the mirror ${object}`,
    hint: "Make the same call again: it finds out what was done.",
    cause,
  });
}
