import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { headerObject, ignoreNotFound, objectMapObject } from "../headers/index.ts";
import {
  findImage,
  imageFeatures,
  imageIsUsed,
  removeOwnImage,
  removeOwnTrash,
  waitForDeadClients,
} from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { breakDeadLock, type Operation, type RecoverOptions, type Recovery } from "../operation/index.ts";
import { type CloneRecord, readCloneRecord } from "./clone-record.ts";
import { forgetOwnSnapshot } from "./own-snapshots.ts";
import { releaseSnapshotStep, sourceLockName, withSourceLock } from "./source-snapshot.ts";

/**
 * Finishes or undoes an interrupted clone, volume or template:
 *
 * - An image that is whole is finished: it gets its size, a template its protected snapshot. If it is about to be made
 *   again, and nobody uses it yet, it is removed.
 * - An image that is not whole is removed: one without the parent that it should have, one that is missing among the
 *   source's clones, one that is not flattened to its end. If somebody uses it, it is left, and so is the record.
 * - The snapshot and the protection that were made on the source are removed unless another clone depends on them.
 *
 * @throws {CoppiceError}
 */
export async function recoverClone(
  cluster: Cluster,
  operation: Operation,
  options: RecoverOptions = {},
): Promise<Recovery> {
  const { place, interrupted } = operation;
  const object = showImageSpec(place);
  const details = readCloneRecord(operation);
  const clients = interrupted?.clients ?? [];
  return await withCoppiceErrors(
    { object, what: `the interrupted making of ${object} could not be undone` },
    async () => {
      await removeOwnTrash(cluster, place, clients);
      const standing = await findImage(cluster, place, clients);
      const recovery = await recoverImage(cluster, operation, details, standing, options);
      if (recovery.outcome !== "left") await releaseSource(cluster, operation, details);
      return recovery;
    },
  );
}

async function recoverImage(
  cluster: Cluster,
  operation: Operation,
  details: CloneRecord,
  standing: Awaited<ReturnType<typeof findImage>>,
  { again = false }: RecoverOptions,
): Promise<Recovery> {
  const { place } = operation;
  const object = showImageSpec(place);
  const notMade: Recovery = { outcome: "undone", what: `${object} had not been made` };
  if (standing.state === "absent" || standing.state === "foreign") return notMade;
  const { id } = standing;
  const undo = async (): Promise<Recovery> => {
    await removeOwnImage(cluster, place, id, operation);
    return { outcome: "undone", what: `${object} was removed` };
  };
  if (standing.state === "partly-created") return await undo();
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const opened = await ignoreNotFound(() => ioCtx.openImage({ id }, { readOnly: true }));
  // The parent's snapshot is gone: nothing kept it as long as the clone was not among its children.
  if (opened === null) return await undo();
  const [state, isUsed, isOld] = await (async () => {
    await using image = opened;
    await waitForDeadClients(cluster, image, operation);
    const made = { snapshot: details.templateSnapshot, data: details.clone === id };
    return await allSettledOrThrow([
      imageState(cluster, ioCtx, image, details),
      imageIsUsed(cluster, image, operation, made),
      isOlder(image, operation),
    ]);
  })();
  if (state === "other" || isOld) return notMade;
  if (state === "whole" && !(again && !isUsed)) {
    await finish(cluster, place, id, details);
    return { outcome: "finished", what: `${object} is whole` };
  }
  if (!isUsed) return await undo();
  return { outcome: "left", what: `${object} is incomplete, and somebody uses it` };
}

/** How much the clocks of the machines may differ. */
const clockMilliseconds = 600_000;

/** Whether an image was there before the operation began. */
async function isOlder(image: Image, { interrupted }: Operation): Promise<boolean> {
  const { created } = await image.timestamps();
  return created.getTime() < Date.parse(interrupted?.started ?? "") - clockMilliseconds;
}

/** `other`: the image is not one that this operation can have left. */
async function imageState(
  cluster: Cluster,
  target: IoCtx,
  image: Image,
  { source, changes, clone }: CloneRecord,
): Promise<"whole" | "incomplete" | "other"> {
  const parent = await image.parent();
  if (source === null) {
    if (parent !== null) return "other";
    return (await hasObjectMap(target, image)) ? "whole" : "incomplete";
  }
  if (parent === null) return clone === image.id ? "whole" : "incomplete";
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  const isChild =
    parent.poolId === ioCtx.poolId && parent.namespace === source.namespace && parent.imageId === source.id;
  if (!isChild) return "other";
  if (changes?.flatten === true) return "incomplete";
  const onSource = await ignoreNotFound(() => ioCtx.openImage({ id: source.id }, { readOnly: true }));
  if (onSource === null) return "incomplete";
  await using opened = onSource;
  const isListed = async () => {
    const children = await opened.listChildren(parent.snapshotId);
    return children.some(({ imageId }) => imageId === image.id);
  };
  // librbd copies the metadata last.
  const hasMetadata = async () => {
    const [own, expected] = await Promise.all([image.listMetadata(), opened.listMetadata()]);
    return [...expected.keys()].every((key) => own.has(key));
  };
  return (await isListed()) && (await hasMetadata()) ? "whole" : "incomplete";
}

/** librbd creates the object map last, where the image has one. */
async function hasObjectMap(ioCtx: IoCtx, image: Image): Promise<boolean> {
  if (((await image.features()) & imageFeatures["object-map"]) === 0n) return true;
  return (await ignoreNotFound(() => ioCtx.objects.stat(objectMapObject(image.id)))) !== null;
}

/** Does what is missing of an image that holds what it should. */
async function finish(
  cluster: Cluster,
  place: ImageSpec,
  id: string,
  { changes, templateSnapshot }: CloneRecord,
): Promise<void> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await using image = await ioCtx.openImage({ id });
  if (changes !== null && (await image.size()) < changes.size) await image.resize(changes.size);
  if (templateSnapshot === null) return;
  const isTemplate = (each: { name: string }) => each.name === templateSnapshot;
  if (!(await image.listSnapshots()).some(isTemplate)) await image.createSnapshot(templateSnapshot);
  const made = (await image.listSnapshots()).find(isTemplate);
  if (made?.protected === false) await image.protectSnapshot(templateSnapshot);
}

/** Removes what was made on the source, unless a clone depends on it. */
async function releaseSource(
  cluster: Cluster,
  operation: Operation,
  { source, changes }: CloneRecord,
): Promise<void> {
  const recorded = changes?.snapshot ?? null;
  if (source === null || recorded === null) return;
  const { id: sourceId, ...spec } = source;
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  const snapshot = await (async () => {
    const image = await ignoreNotFound(() => ioCtx.openImage({ id: sourceId }, { readOnly: true }));
    if (image === null) return undefined;
    await using opened = image;
    await waitForDeadClients(cluster, opened, operation);
    return (await opened.listSnapshots()).find(
      ({ id, name, namespace }) =>
        namespace === "user" && name === recorded.name && (!recorded.created || id > BigInt(recorded.after)),
    );
  })();
  if (snapshot === undefined) {
    if (recorded.created) await forgetOwnSnapshot(cluster, { spec, id: sourceId }, recorded.name);
    return;
  }
  const { name, id } = snapshot;
  const held = { name, id, created: recorded.created, protected: recorded.protected };
  await breakDeadLock(cluster, operation, { ioCtx, object: headerObject(sourceId), name: sourceLockName });
  // A clone that decides at this moment to use the snapshot waits for the lock, and finds it gone.
  await withSourceLock(cluster, { spec, id: sourceId }, operation.signal, () =>
    releaseSnapshotStep(cluster, spec, held, sourceId),
  );
}
