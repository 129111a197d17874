import { z } from "zod";
import {
  parentRefSchema,
  readOwnSnapshots,
  readParentRefs,
  releaseOwnSnapshots,
  releaseParents,
} from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { hasCode, withCoppiceErrors } from "../errors/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import {
  beginOperation,
  fenceDeadClient,
  type Operation,
  type RetryOptions,
  retryWhileBusy,
  type StepRunner,
} from "../operation/index.ts";
import type { DeletionWay } from "./plan/blockers.ts";
import { type ImageRef, showImage } from "./plan/children.ts";
import type { SnapshotsToRemove } from "./removal-plan.ts";
import { locateImage } from "./trash-entry.ts";

/** Everything that removes an image or moves it to the trash: one at a time for each image. */
const purpose = "remove";

/** What removes images, as `listOperations` shows it. */
export const removalKinds = [
  "delete-volume",
  "delete-image",
  "remove-by-prefix",
  "remove-template",
  "move-to-trash",
  "purge-trash",
  "remove-image",
] as const;
type RemovalKind = (typeof removalKinds)[number];

const schema = z.object({
  pool: z.string(),
  namespace: z.string(),
  id: z.string(),
  way: z.enum(["trash", "remove"]),
  /** Which snapshots go with the image. */
  snapshots: z.union([z.enum(["none", "all"]), z.array(z.string())]),
  /**
   * Whether the image is removed for good once it is in the trash. Until all images of a prefix are in the trash, none
   * is: an interrupted removal is undone then.
   */
  committed: z.boolean(),
  /** What the image was cloned from, and has to be released once it is gone. */
  parents: z.array(parentRefSchema).default([]),
});

/** What is recorded of the removal of one image. */
export type RemovalDetails = z.infer<typeof schema>;

interface RemovalChoices {
  way: DeletionWay;
  snapshots: SnapshotsToRemove;
  committed?: boolean;
}

/**
 * The details to begin with. A removal of one image is committed from the beginning. The snapshots that Coppice made by
 * itself go with the image.
 *
 * @throws {CoppiceError}
 */
export async function removalDetails(
  cluster: Cluster,
  { pool, namespace, id }: Pick<ImageRef, "pool" | "namespace" | "id">,
  { way, snapshots: allowed, committed = true }: RemovalChoices,
): Promise<RemovalDetails> {
  const ioCtx = await cluster.pool(pool, namespace);
  const [parents, own] = await withCoppiceErrors({ object: pool }, () =>
    allSettledOrThrow([readParentRefs(ioCtx, id), readOwnSnapshots(ioCtx, id)]),
  );
  const named = [...(typeof allowed === "string" ? [] : allowed), ...own.keys()];
  const snapshots = allowed === "all" ? allowed : [...new Set(named)];
  return { pool, namespace, id, way, snapshots, committed, parents };
}

/** What an operation recorded; `null` when it had not found its image yet, and so had changed nothing. */
export function readRemovalDetails({ record }: Pick<Operation, "record">): RemovalDetails | null {
  return schema.safeParse(record.details).data ?? null;
}

interface RemovalRequest {
  image: ImageSpec;
  kind: RemovalKind;
  /** `null` when the image was not found under its name: an interrupted call may have moved it. */
  details: RemovalDetails | null;
  signal?: AbortSignal | undefined;
}

/**
 * Begins the removal of an image, and waits a while for another one that is under way.
 *
 * @throws {CoppiceError} `BUSY`; see `beginOperation`
 */
export function beginRemoval(
  cluster: Cluster,
  { image, kind, details, signal }: RemovalRequest,
  retry: RetryOptions = {},
): Promise<Operation> {
  const begin = () => beginOperation(cluster, { image, purpose, kind, details: details ?? {}, signal });
  return retryWhileBusy(begin, { ...retry, signal });
}

/** Runs an action under the record of the removal of one image. The record stays when the action could not be undone. */
export async function recordRemoval<T>(
  cluster: Cluster,
  request: RemovalRequest,
  action: (operation: Operation) => Promise<T>,
  retry: RetryOptions = {},
): Promise<T> {
  await using operation = await beginRemoval(cluster, request, retry);
  return await endingAfter(cluster, [operation], () => action(operation));
}

/**
 * Ends operations after their action, whether it succeeded or failed: a failed one has undone what it did. Only when it
 * could not, or when it lost a lease, do the records stay.
 */
export async function endingAfter<T>(
  cluster: Cluster,
  operations: readonly Operation[],
  action: () => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await action();
  } catch (error) {
    if (!hasCode(error, "UNDO_FAILED") && !hasCode(error, "LEASE_LOST")) {
      // The failure counts; a record that stays is found by the next call.
      await Promise.allSettled(operations.map((operation) => operation.end()));
    }
    throw error;
  }
  for (const operation of operations) {
    await releaseNeeded(cluster, operation);
    await operation.end();
  }
  return result;
}

/**
 * Releases what only the removed image needed: see `releaseParents`. Does nothing while the image is there. When this fails
 * the record stays, and the next call or `reconcile` does it.
 *
 * @throws {CoppiceError}
 */
export async function releaseNeeded(cluster: Cluster, operation: Operation): Promise<void> {
  const details = readRemovalDetails(operation);
  if (details === null || details.way !== "remove") return;
  const { pool, namespace, id, parents } = details;
  const spec = { pool, namespace, image: operation.record.image };
  const ioCtx = await cluster.pool(pool, namespace);
  const found = await withCoppiceErrors({ object: showImageSpec(spec) }, () => locateImage(ioCtx, id));
  if (found !== null) return;
  // It has no snapshots any more: this forgets those that were recorded.
  await releaseOwnSnapshots(cluster, spec, id);
  await releaseParents(cluster, parents, (left) => operation.update({ ...details, parents: left }));
}

/** Undoes what was done and throws; after the loss of the lease nothing may be undone any more. */
export async function failUnderRecord<Phase extends string>(
  runner: StepRunner<Phase>,
  signal: AbortSignal,
  error: unknown,
  call: string,
): Promise<never> {
  if (hasCode(signal.reason, "LEASE_LOST")) throw signal.reason;
  return await runner.fail(error, call);
}

/** Ends the watch of the dead process that had worked on an image; see `fenceDeadClient`. */
export async function fenceById(
  cluster: Cluster,
  image: Pick<ImageRef, "pool" | "namespace" | "id" | "name">,
  operation: Operation,
): Promise<void> {
  const ioCtx = await cluster.pool(image.pool, image.namespace);
  await withCoppiceErrors({ object: showImage(image) }, async () => {
    try {
      await using opened = await ioCtx.openImage({ id: image.id }, { readOnly: true });
      await fenceDeadClient(cluster, opened, operation);
    } catch (error) {
      if (!hasCode(error, "NOT_FOUND")) throw error;
    }
  });
}
