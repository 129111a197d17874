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
import { breakAbandonedLocks, hintForUsers, showUsers } from "../deletion/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toSnapshotSpec } from "../names/index.ts";
import { type Advance, type FlowOptions, StepRunner } from "../operation/index.ts";

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
  const facts = await readUnusedVolume(cluster, volume);
  const wanted = namedSnapshot(facts, name);
  const kept = newSnapshotName(new Set(facts.snapshots.map((each) => each.name)), names);
  const runner = new StepRunner(phases, options);
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
        undo.note(`the state before the rollback, in ${back}`, () =>
          rollback(cluster, volume, kept, undefined, () => {}),
        );
        await rollback(cluster, volume, name, signal, advance);
      },
      "objects",
    );
    const held = { name: kept, id, created: true, protected: false };
    await runner.run("release", () => release(cluster, volume, held));
    return { volume, from: facts.size, to: wanted.size };
  } catch (error) {
    return await runner.fail(error, "rollbackVolume");
  }
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
  throw new CoppiceError({
    code: "BUSY",
    call: "rollbackVolume",
    object,
    message: `${object} cannot be rolled back while it is in use: ${showUsers(users)}`,
    hint: hintForUsers(users),
  });
}
