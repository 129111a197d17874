import { releaseOwnSnapshots } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { ignoreNotFound, oldHeaderObject } from "../headers/index.ts";
import { findImageId, removeImage as removeUnrecorded, type WorkOptions } from "../image/index.ts";
import { decoding } from "../inventory/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import {
  type Advance,
  type FlowOptions,
  fenceDeadClient,
  type Operation,
  type RetryOptions,
  retryWhileBusy,
  type StepRunner,
  type UndoLog,
} from "../operation/index.ts";
import { breakAbandonedLocks, hintForUsers, type ImageUsers, showUsers } from "./plan/image-users.ts";
import { removeUnderRecord } from "./recover-removal.ts";
import type { RemovalTarget, RemovalVerdict } from "./removal-plan.ts";
import { fenceById, readRemovalDetails, removalDetails } from "./removal-record.ts";

/**
 * Removes an image with its data, permanently and at once, without a stop in the trash. Also removes what an interrupted
 * creation left. Of the image that it was cloned from, the snapshot that Coppice made by itself goes with its last clone.
 *
 * A removal that was interrupted is finished by the same call, or by `reconcile`. (`rbd_remove_with_progress`)
 *
 * @throws {CoppiceError} `NOT_FOUND`; `NOT_EMPTY` while it has snapshots, `BUSY` while a client has it open, `IN_GROUP`
 * while it belongs to a group
 */
export async function removeImage(
  cluster: Cluster,
  image: ImageSpecLike,
  options: WorkOptions = {},
): Promise<void> {
  const spec = toImageOnly(image);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const object = showImageSpec(spec);
  const what = `${object} could not be removed`;
  const readId = async () =>
    decoding(object, () => withCoppiceErrors({ object, what }, () => findImageId(ioCtx, spec.image)));
  const isOldFormat = (await readId()) === null && (await hasOldFormat(cluster, spec));
  // An image of format 1 has no id by which an interrupted removal could find it.
  if (isOldFormat) return await removeUnrecorded(cluster, spec, options);
  await removeUnderRecord(cluster, {
    image: spec,
    kind: "remove-image",
    plan: async () => {
      const id = await readId();
      if (id === null) throw noSuchImage(object);
      const details = await removalDetails(cluster, { ...spec, id }, { way: "remove", snapshots: "none" });
      return { id, details };
    },
    run: async ({ id }, operation) => {
      await fenceById(cluster, { ...spec, id, name: spec.image }, operation);
      await releaseOwnSnapshots(cluster, spec, id);
      await removeUnrecorded(cluster, spec, { ...options, signal: operation.signal });
    },
    resumed: async () => {},
    retry: { attempts: 1, signal: options.signal },
  });
}

function noSuchImage(object: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "removeImage",
    object,
    message: `${object} could not be removed: there is no such image`,
    hint: "Check the name; it may have been removed meanwhile.",
  });
}

async function hasOldFormat(cluster: Cluster, { pool, namespace, image }: ImageSpec): Promise<boolean> {
  const ioCtx = await cluster.pool(pool, namespace);
  const stat = () => ioCtx.objects.stat(oldHeaderObject(image));
  return (await withCoppiceErrors({ object: pool }, () => ignoreNotFound(stat))) !== null;
}

/** How every removal is watched, aborted, and tried again while the image is in use. */
export type RemovalOptions<Phase extends string = RemovalPhase> = FlowOptions<Phase> &
  Pick<RetryOptions, "attempts" | "pauseMilliseconds" | "pause" | "onBusy">;

/**
 * - `trash`: all images are moved to the trash, which can be undone; counts images.
 * - `remove`: one image is removed for good, which cannot be undone; counts objects.
 */
export type RemovalPhase = "trash" | "remove";

/** The steps of removing that many images. */
export function removalPhases(images: number): RemovalPhase[] {
  return images === 0 ? [] : ["trash", ...Array.from({ length: images }, (): RemovalPhase => "remove")];
}

/**
 * Removes images that have no lasting blocker. All of them are moved to the trash before the first one is destroyed, so
 * that nothing is lost when one of them is still in use. After a failure the undo restores the images whose removal had
 * not begun; one whose removal had begun stays in the trash and is named in the error's `left`.
 */
export async function removeImages(
  images: readonly ImageRemoval[],
  runner: StepRunner<RemovalPhase>,
  retry: RetryOptions,
): Promise<void> {
  if (images.length === 0) return;
  await runner.run("trash", async (advance) => {
    for (const [index, image] of images.entries()) {
      advance(index, images.length);
      retry.signal?.throwIfAborted();
      await image.moveToTrash(runner.undo, retry);
    }
    advance(images.length, images.length);
    // From here on an interruption is finished instead of undone.
    await allSettledOrThrow(images.map((image) => image.commit()));
  });
  for (const image of images) {
    await runner.run("remove", (advance) => image.purge(retry, advance), "objects");
  }
}

/**
 * The removal of one image: first into the trash, from where it can be restored with everything it has, then for good.
 *
 * Ceph moves an image to the trash even while a client has it open, and only refuses to remove it from there. So its
 * users are listed before it is moved.
 */
export class ImageRemoval {
  readonly spec: ImageSpec;
  readonly id: string;
  readonly #cluster: Cluster;
  readonly #operation: Operation;
  /** It has no header: it cannot be opened, and Ceph does not move it to the trash. */
  readonly #isPartlyCreated: boolean;
  readonly #object: string;
  /** The user's snapshots that are removed with it. */
  readonly #snapshots: RemovalVerdict["snapshots"];
  readonly #unprotected: string[] = [];
  /** Whether data was destroyed, so that the image cannot be restored. */
  #begun = false;

  constructor(
    cluster: Cluster,
    { spec, id, isPartlyCreated = false }: Pick<RemovalTarget, "spec" | "id" | "isPartlyCreated">,
    snapshots: RemovalVerdict["snapshots"],
    operation: Operation,
  ) {
    this.#operation = operation;
    this.#isPartlyCreated = isPartlyCreated;
    this.spec = spec;
    this.id = id;
    this.#cluster = cluster;
    this.#object = showImageSpec(spec);
    this.#snapshots = snapshots;
  }

  /** @throws {CoppiceError} `BUSY`, naming the clients, when it stayed in use */
  async moveToTrash(undo: UndoLog, retry: RetryOptions): Promise<void> {
    if (this.#isPartlyCreated) return;
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    await this.#whileBusy("moved to the trash", retry, () => this.#refuseUsers());
    undo.note(`${this.#object} (in the trash as ${this.id})`, () => this.#restore());
    await this.#whileBusy("moved to the trash", retry, () => ioCtx.trashMove(this.spec.image));
  }

  /** Records that it is removed for good, unless that was recorded from the beginning. */
  async commit(): Promise<void> {
    const details = readRemovalDetails(this.#operation);
    if (details === null || details.committed) return;
    await this.#operation.update({ ...details, committed: true });
  }

  /** Removes it from the trash for good, its snapshots first. When the answer is lost, the trash shows whether it is gone. */
  async purge(retry: RetryOptions, advance: Advance): Promise<void> {
    if (this.#isPartlyCreated) return await removeUnrecorded(this.#cluster, this.spec);
    await this.#removeSnapshots();
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    const wasBegun = this.#begun;
    this.#begun = true;
    const { signal } = retry;
    const onProgress = (progress: { done: number; total: number }) => advance(progress.done, progress.total);
    try {
      await this.#whileBusy("removed", retry, () =>
        ioCtx.trashRemove(this.id, { force: true, signal, onProgress }),
      );
    } catch (error) {
      // Ceph refuses an image in use before it destroys anything.
      if (hasCode(error, "BUSY")) this.#begun = wasBegun;
      if (await this.#isInTrash()) throw error;
    }
  }

  async #removeSnapshots(): Promise<void> {
    if (this.#snapshots.length === 0) return;
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    const place = { object: this.#object, what: `the snapshots of ${this.#object} could not be removed` };
    await withCoppiceErrors(place, async () => {
      await using image = await ioCtx.openImage({ id: this.id });
      // All of them first: this fails when a clone was made meanwhile, and it can be undone.
      for (const { name, protected: isProtected } of this.#snapshots) {
        if (!isProtected) continue;
        this.#unprotected.push(name);
        await image.unprotectSnapshot(name);
      }
      for (const { name } of this.#snapshots) {
        this.#begun = true;
        await image.removeSnapshot(name);
      }
    });
  }

  async #restore(): Promise<void> {
    if (!(await this.#isInTrash())) return;
    if (this.#begun) {
      throw new CoppiceError({
        code: "NOT_EMPTY",
        call: "removeImages",
        message: "its removal had begun and cannot be undone; remove it from the trash again",
      });
    }
    await this.#protectAgain();
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    await ioCtx.trashRestore(this.id, this.spec.image);
  }

  async #isInTrash(): Promise<boolean> {
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    return (await ioCtx.listTrash()).some(({ id }) => id === this.id);
  }

  async #protectAgain(): Promise<void> {
    if (this.#unprotected.length === 0) return;
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    await using image = await ioCtx.openImage({ id: this.id });
    const snapshots = await image.listSnapshots();
    for (const name of this.#unprotected) {
      if (snapshots.find((each) => each.name === name)?.protected === false)
        await image.protectSnapshot(name);
    }
  }

  async #refuseUsers(): Promise<void> {
    const users = await this.#users();
    if (showUsers(users) !== "") throw this.#busy(`${this.#object} is in use`, users);
  }

  async #whileBusy(done: string, retry: RetryOptions, action: () => Promise<void>): Promise<void> {
    const what = `${this.#object} could not be ${done}`;
    try {
      await withCoppiceErrors({ object: this.#object, what }, () => retryWhileBusy(action, retry));
    } catch (error) {
      if (!hasCode(error, "BUSY")) throw error;
      throw this.#busy(what, await this.#users(), error);
    }
  }

  #busy(what: string, users: ImageUsers, cause?: unknown): CoppiceError {
    const why = showUsers(users) || "it stayed busy, although no client has it open";
    const { errno, call } = cause instanceof CoppiceError ? cause : { errno: 0, call: "rbd_watchers_list" };
    return new CoppiceError({
      code: "BUSY",
      errno,
      call,
      object: this.#object,
      message: `${what}: ${why}`,
      hint: hintForUsers(users),
      cause,
    });
  }

  /** The clients that use it, once the locks that dead clients left on it are broken. */
  async #users(): Promise<ImageUsers> {
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    try {
      await using image = await ioCtx.openImage({ id: this.id }, { readOnly: true });
      await fenceDeadClient(this.#cluster, image, this.#operation);
      return await breakAbandonedLocks(image);
    } catch (error) {
      if (hasCode(error, "NOT_FOUND")) return { watchers: [], locks: [] };
      throw error;
    }
  }
}
