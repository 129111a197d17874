import { type NewImageOptions, toNativeNewImage } from "./image-options.ts";
import { native } from "./internal/binding.ts";
import { type CallOptions, change, type ProgressOptions, read } from "./internal/call.ts";
import { checkName } from "./internal/check.ts";
import type { IoCtxRef, NativeMigrationEnd, Operation } from "./internal/native-types.ts";
import { type OpenPool, openPool, type PoolRef, spec, specIn } from "./internal/open-pool.ts";

const states = ["error", "preparing", "prepared", "executing", "executed", "aborting"] as const;

export type MigrationState = (typeof states)[number] | "unknown";
export type MigrationEnd = NativeMigrationEnd;

export interface MigrationStatus {
  readonly source: MigrationEnd;
  readonly target: MigrationEnd;
  readonly state: MigrationState;
  readonly description: string;
}

/**
 * Live migration of images to another pool, name or layout: prepare, execute, then commit or abort.
 */
export class Migrations {
  readonly #pool: OpenPool;

  /** Use {@link IoCtx.migrations}. */
  constructor(pool: OpenPool) {
    this.#pool = pool;
  }

  /** Links a new image to the old one; clients have to open the new one from then on. Wraps rbd_migration_prepare. */
  async prepare(
    image: string,
    pool: PoolRef,
    target: string,
    o?: NewImageOptions & { readonly flatten?: boolean | undefined } & CallOptions,
  ): Promise<void> {
    const call = "rbd_migration_prepare";
    const to = pool[openPool];
    const object = specIn(this.#pool, checkName(call, spec(this.#pool), "image", image));
    checkName(call, object, "target", target);
    const options = toNativeNewImage(call, object, o);
    await change(`${object} to ${specIn(to, target)}`, o, (operation) =>
      native.prepareMigration(this.#pool.handle, image, to.handle, target, options, operation),
    );
  }

  /** Links a new image of this namespace to a source outside RBD (a JSON description). Wraps rbd_migration_prepare_import. */
  async prepareImport(source: string, target: string, o?: NewImageOptions & CallOptions): Promise<void> {
    const call = "rbd_migration_prepare_import";
    const object = specIn(this.#pool, checkName(call, spec(this.#pool), "target", target));
    checkName(call, object, "source", source);
    const options = toNativeNewImage(call, object, o);
    await change(object, o, (operation) =>
      native.prepareImport(source, this.#pool.handle, target, options, operation),
    );
  }

  /** Copies the data that the new image does not have yet. Wraps rbd_migration_execute_with_progress. */
  execute(image: string, o?: ProgressOptions): Promise<void> {
    return this.#step("rbd_migration_execute_with_progress", native.executeMigration, image, o);
  }

  /** Removes the old image. Wraps rbd_migration_commit_with_progress. */
  commit(image: string, o?: ProgressOptions): Promise<void> {
    return this.#step("rbd_migration_commit_with_progress", native.commitMigration, image, o);
  }

  /** Removes the new image and returns to the old one. Wraps rbd_migration_abort_with_progress. */
  abort(image: string, o?: ProgressOptions): Promise<void> {
    return this.#step("rbd_migration_abort_with_progress", native.abortMigration, image, o);
  }

  async #step(
    call: string,
    start: (io: IoCtxRef, image: string, operation: Operation) => Promise<void>,
    image: string,
    o: ProgressOptions | undefined,
  ): Promise<void> {
    const object = specIn(this.#pool, checkName(call, spec(this.#pool), "image", image));
    await change(object, o, (operation) => start(this.#pool.handle, image, operation));
  }

  /** Wraps rbd_migration_status. */
  async status(image: string, o?: CallOptions): Promise<MigrationStatus> {
    const object = specIn(this.#pool, checkName("rbd_migration_status", spec(this.#pool), "image", image));
    const status = await read(object, o, (operation) =>
      native.migrationStatus(this.#pool.handle, image, operation),
    );
    return { ...status, state: states[status.state] ?? "unknown" };
  }
}
