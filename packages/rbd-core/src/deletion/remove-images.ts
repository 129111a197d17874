import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import type { SnapshotRow } from "../inventory/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { type Advance, type RetryOptions, retryWhileBusy, type UndoLog } from "../operation/index.ts";
import { type Holders, type RemovalFacts, readHolders, showHolders } from "./removal-plan.ts";

/**
 * An image on its way out: first into the trash, which can be taken back in full, then away for good.
 *
 * Ceph moves an image to the trash even while a client has it open, and refuses to remove it from there only then. So
 * whoever uses it is looked for before.
 */
export class DoomedImage {
  readonly spec: ImageSpec;
  readonly id: string;
  readonly #cluster: Cluster;
  readonly #object: string;
  /** The user's snapshots that go with it. */
  readonly #snapshots: readonly SnapshotRow[];
  readonly #unprotected: string[] = [];
  /** Whether something was destroyed, so that there is no way back. */
  #begun = false;

  constructor(cluster: Cluster, { spec, id }: RemovalFacts, snapshots: readonly SnapshotRow[]) {
    this.spec = spec;
    this.id = id;
    this.#cluster = cluster;
    this.#object = showImageSpec(spec);
    this.#snapshots = snapshots;
  }

  /** @throws {CoppiceError} `BUSY` with the holders' names when it stayed in use */
  async moveToTrash(undo: UndoLog, retry: RetryOptions): Promise<void> {
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    await this.#whileBusy("moved to the trash", retry, () => this.#refuseInUse());
    undo.note(`${this.#object} (in the trash as ${this.id})`, () => this.#restore());
    await this.#whileBusy("moved to the trash", retry, () => ioCtx.trashMove(this.spec.image));
  }

  /** Removes it from the trash for good, its snapshots first. When the answer is lost, the trash says what became of it. */
  async purge(retry: RetryOptions, advance: Advance): Promise<void> {
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
      // Being in use is found before anything is destroyed.
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
      // All of them first: this is what a clone made meanwhile makes fail, and it can be taken back.
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
        message: "its removal had begun and cannot be taken back; remove it from the trash again",
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

  async #refuseInUse(): Promise<void> {
    const holders = showHolders(await this.#holders());
    if (holders !== "") throw this.#busy(`${this.#object} is in use`, holders);
  }

  async #whileBusy(done: string, retry: RetryOptions, action: () => Promise<void>): Promise<void> {
    const what = `${this.#object} could not be ${done}`;
    try {
      await withCoppiceErrors({ object: this.#object, what }, () => retryWhileBusy(action, retry));
    } catch (error) {
      if (!hasCode(error, "BUSY")) throw error;
      const holders = showHolders(await this.#holders());
      throw this.#busy(
        what,
        holders === "" ? "it stayed busy, and nobody is seen to use it" : holders,
        error,
      );
    }
  }

  #busy(what: string, why: string, cause?: unknown): CoppiceError {
    const { errno, call } = cause instanceof CoppiceError ? cause : { errno: 0, call: "rbd_watchers_list" };
    return new CoppiceError({
      code: "BUSY",
      errno,
      call,
      object: this.#object,
      message: `${what}: ${why}`,
      hint: "Stop what uses it. A client that died is forgotten after 30 seconds.",
      cause,
    });
  }

  async #holders(): Promise<Holders> {
    const ioCtx = await this.#cluster.pool(this.spec.pool, this.spec.namespace);
    try {
      await using image = await ioCtx.openImage({ id: this.id }, { readOnly: true });
      return await readHolders(image);
    } catch (error) {
      if (hasCode(error, "NOT_FOUND")) return { watchers: [], locks: [] };
      throw error;
    }
  }
}
