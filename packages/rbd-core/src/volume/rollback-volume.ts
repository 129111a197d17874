import { z } from "zod";
import {
  createSnapshotStep,
  defaultNames,
  type HeldSnapshot,
  type NameSource,
  namedSnapshot,
  newSnapshotName,
  openSource,
  readSourceFacts,
  releaseSnapshotStep,
  type SourceFacts,
} from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import {
  breakAbandonedLocks,
  hintForUsers,
  type ImageUsers,
  showUsers,
  type WatcherFacts,
} from "../deletion/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { openImage, repairMapAfterRollback } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toSnapshotSpec } from "../names/index.ts";
import {
  type Advance,
  beginOperation,
  type FlowOptions,
  fenceDeadClient,
  type Recover,
  readOperations,
  StepRunner,
} from "../operation/index.ts";

/**
 * - `keep`: a snapshot of the current state is created, to return to if the rollback fails.
 * - `rollback`: counts objects.
 * - `release`: that snapshot is removed again.
 */
export type RollbackPhase = "keep" | "rollback" | "release";

const phases: readonly RollbackPhase[] = ["keep", "rollback", "release"];

export interface RollbackVolumeOptions extends FlowOptions<RollbackPhase> {
  /** `pool/[namespace/]image@snap`: the state to return to. */
  snapshot: ImageSpecLike;
  /** Where the name of the snapshot of the current state comes from. Default: the clock and random bytes. */
  names?: NameSource | undefined;
}

export interface RollbackVolumeResult {
  volume: ImageSpec;
  /** Bytes before, and bytes of the snapshot and so of the volume now. */
  from: number;
  to: number;
}

/**
 * Returns a volume to the state and size of one of its snapshots. Data written since is lost; the snapshots are kept.
 *
 * The current state is kept in a snapshot meanwhile: a rollback that fails or is aborted is undone, and the volume is as
 * it was. (`rbd_snap_rollback_with_progress`)
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`: no snapshot is named. `NOT_FOUND`: the volume or the snapshot.
 * - `BUSY`: a client has the volume open; the message names it.
 * - `UNDO_FAILED`: a step failed, and the volume could not be returned to its current state; `left` names the snapshot
 *   that holds it.
 */
export async function rollbackVolume(
  cluster: Cluster,
  options: RollbackVolumeOptions,
): Promise<RollbackVolumeResult> {
  const { signal, names = defaultNames } = options;
  signal?.throwIfAborted();
  const { snapshot: name, ...volume } = toSnapshotSpec(options.snapshot);
  await finishEarlier(cluster, volume, signal);
  const facts = await readUnusedVolume(cluster, volume);
  const wanted = namedSnapshot(facts, name);
  const kept = newSnapshotName(new Set(facts.snapshots.map((each) => each.name)), names);
  const details: RollbackDetails = {
    pool: volume.pool,
    namespace: volume.namespace,
    id: facts.id,
    kept,
    target: String(wanted.id),
    known: String(facts.history?.sequence ?? 0n),
    isDone: false,
  };
  await using operation = await beginOperation(cluster, {
    image: volume,
    purpose: "rollback",
    kind: "rollback",
    details,
    signal,
  });
  if (operation.interrupted !== null) {
    await recoverRollback(cluster, operation, { again: true });
    await operation.end();
    return await rollbackVolume(cluster, options);
  }
  const runner = new StepRunner(phases, { ...options, signal: operation.signal });
  const { undo } = runner;
  try {
    const known = new Set(facts.snapshots.map(({ id }) => id));
    const id = await runner.run("keep", async () => {
      await using image = await openImage(cluster, volume);
      return await createSnapshotStep(cluster, volume, image, kept, known, undo);
    });
    await runner.run(
      "rollback",
      async (advance) => {
        const back = showImageSpec({ ...volume, snapshot: kept });
        undo.note(`the state before the rollback, in ${back}`, () => rollBackAgain(cluster, volume, kept));
        await rollback(cluster, volume, name, operation.signal, advance);
      },
      "objects",
    );
    await operation.update({ ...details, isDone: true });
    const held = { name: kept, id, created: true, protected: false };
    await runner.run("release", () => release(cluster, volume, held));
    await operation.end();
    return { volume, from: facts.size, to: wanted.size };
  } catch (error) {
    operation.throwIfLost();
    try {
      return await runner.fail(error, "rollbackVolume");
    } catch (failure) {
      // Undone: otherwise the record tells the next call which snapshot holds the state before.
      if (!hasCode(failure, "UNDO_FAILED")) await Promise.allSettled([operation.end()]);
      throw failure;
    }
  }
}

/**
 * An interrupted rollback of the same volume is undone first: the volume may be half rolled back, and the dead client may
 * still seem to have it open.
 */
async function finishEarlier(
  cluster: Cluster,
  volume: ImageSpec,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { pool, namespace, image } = volume;
  const ioCtx = await cluster.pool(pool, namespace);
  const recorded = await withCoppiceErrors({ object: pool }, () => readOperations(ioCtx, { image, signal }));
  if (!recorded.some(({ key }) => key === `${image}/rollback`)) return;
  const request = { image: volume, purpose: "rollback", kind: "rollback", details: {}, signal };
  await using operation = await beginOperation(cluster, request);
  if (operation.interrupted !== null) await recoverRollback(cluster, operation, { again: true });
  await operation.end();
}

const schema = z.object({
  pool: z.string(),
  namespace: z.string(),
  id: z.string(),
  /** The name of the snapshot of the state before. */
  kept: z.string(),
  /** The id of the snapshot to return to. */
  target: z.string(),
  /** The highest id of a snapshot before: the kept one has a higher id. */
  known: z.string(),
  /** Whether the volume is rolled back, so that only the kept snapshot has to go. */
  isDone: z.boolean(),
});
type RollbackDetails = z.infer<typeof schema>;

/**
 * Undoes an interrupted rollback: returns the volume to the state in the snapshot that was made before, and removes that
 * one. A rollback that was done is only rid of that snapshot. Without it the rollback had not begun, or it was over.
 * Unless the volume is about to be rolled back again, nothing is undone: somebody may have written to it since.
 *
 * @throws {CoppiceError} `BUSY` while a client has the volume open
 */
export const recoverRollback: Recover = async (cluster, operation, { again = false } = {}) => {
  const details = schema.safeParse(operation.record.details).data;
  const name = operation.record.image;
  if (details === undefined)
    return { outcome: "left", what: `the rollback of ${name} is not recorded in full` };
  const { pool, namespace, id, kept, known } = details;
  const volume = { pool, namespace, image: name };
  const object = showImageSpec(volume);
  const ioCtx = await cluster.pool(pool, namespace);
  return await withCoppiceErrors(
    { object, what: `the rollback of ${object} could not be undone` },
    async () => {
      try {
        await using image = await ioCtx.openImage({ id });
        await fenceDeadClient(cluster, image, operation);
        const users = await breakAbandonedLocks(image);
        const others = { ...users, watchers: await othersOf(cluster, users.watchers) };
        if (!details.isDone && showUsers({ ...others, locks: [] }) !== "") throw inUse(object, others);
        const found = (await image.listSnapshots()).find(
          (each) => each.name === kept && each.id > BigInt(known),
        );
        if (found === undefined) return { outcome: "finished", what: `${object} is as one call had left it` };
        if (details.isDone) {
          await image.removeSnapshot(found.id);
          return { outcome: "finished", what: `${object} is rolled back` };
        }
        if (!again) {
          const what = `${object} may be rolled back in part, and the state before is in its snapshot ${kept}: roll the volume back again, or return it to that snapshot`;
          return { outcome: "left", what };
        }
        await repairMapAfterRollback(image);
        await image.rollback(kept);
        await image.removeSnapshot(found.id);
        return { outcome: "undone", what: `${object} is in the state before the rollback` };
      } catch (error) {
        if (!hasCode(error, "NOT_FOUND")) throw error;
        return { outcome: "undone", what: `${object} is gone` };
      }
    },
  );
};

/** Without this connection, which has the volume open itself. */
async function othersOf(cluster: Cluster, watchers: WatcherFacts[]): Promise<WatcherFacts[]> {
  const own = `client.${await cluster.clientId()}`;
  return watchers.filter(({ client }) => client !== own);
}

function inUse(object: string, users: ImageUsers): CoppiceError {
  return new CoppiceError({
    code: "BUSY",
    call: "rollbackVolume",
    object,
    message: `${object} cannot be rolled back while it is in use: ${showUsers(users)}`,
    hint: hintForUsers(users),
  });
}

async function rollback(
  cluster: Cluster,
  volume: ImageSpec,
  name: string,
  signal: AbortSignal | undefined,
  advance: Advance,
): Promise<void> {
  const object = showImageSpec({ ...volume, snapshot: name });
  await using image = await openImage(cluster, volume);
  await withCoppiceErrors(
    { object, what: `${showImageSpec(volume)} could not be rolled back to ${object}` },
    () => image.rollback(name, { signal, onProgress: ({ done, total }) => advance(done, total) }),
  );
}

/** Returns to the kept snapshot after a rollback that failed or was aborted. */
async function rollBackAgain(cluster: Cluster, volume: ImageSpec, kept: string): Promise<void> {
  await using image = await openImage(cluster, volume);
  await withCoppiceErrors({ object: showImageSpec({ ...volume, snapshot: kept }) }, async () => {
    await repairMapAfterRollback(image);
    await image.rollback(kept);
  });
}

/** Removes the kept snapshot. The rollback is done by then: when the answer is lost, it matters only whether it is gone. */
async function release(cluster: Cluster, volume: ImageSpec, held: HeldSnapshot): Promise<void> {
  try {
    await releaseSnapshotStep(cluster, volume, held);
  } catch (error) {
    await using image = await openSource(cluster, volume);
    const { snapshots } = await readSourceFacts(cluster, volume, image);
    if (snapshots.some(({ id }) => id === held.id)) throw error;
  }
}

async function readUnusedVolume(cluster: Cluster, volume: ImageSpec): Promise<SourceFacts> {
  const object = showImageSpec(volume);
  await using image = await openSource(cluster, volume);
  const facts = await readSourceFacts(cluster, volume, image);
  const users = await withCoppiceErrors({ object }, () => breakAbandonedLocks(image));
  if (showUsers(users) === "") return facts;
  throw inUse(object, users);
}
