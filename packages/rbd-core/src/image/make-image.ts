import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import {
  beginOperation,
  type Operation,
  type OperationRequest,
  readOperation,
  recoverLeftovers,
} from "../operation/index.ts";

/** Begins the operation: writes its record. Does so once, however often it is called. */
export type Begin<Details> = (details: Details) => Promise<Operation>;

export interface Making<Details, Prepared, Result> {
  /** What makes the image, as `listOperations` shows it. */
  readonly kind: string;
  /** The image that is made. */
  readonly target: ImageSpec;
  readonly signal: AbortSignal | undefined;
  /** What is recorded when `prepare` has not begun the operation. */
  readonly details: Details;
  /**
   * Decides what is made and changes nothing. It may call `begin` once it knows that the target's name is free, at the
   * same time as what it has yet to read.
   */
  readonly prepare: (begin: Begin<Details>) => Promise<Prepared>;
  /** Makes the image and ends the operation, or undoes what it made. */
  readonly make: (prepared: Prepared, operation: Operation) => Promise<Result>;
  /**
   * `make` itself goes on with what an interrupted operation of the same kind left, and ends the operation when nothing of
   * that is left. Default false: it is removed before, or finished.
   */
  readonly resumes?: boolean | undefined;
}

/** How often what was left by others is dealt with before this gives up. */
const attempts = 3;

/**
 * Makes an image under a record, which keeps every other process from making an image of that name: what an interrupted
 * operation of whatever kind left under the name is removed first, or finished when somebody uses it already.
 *
 * @throws {CoppiceError} `BUSY` while another process makes the image; `INCOMPLETE` when what an interrupted operation left
 * is in use; what `prepare` and `make` throw
 */
export async function makeImage<Details extends OperationRequest["details"], Prepared, Result>(
  cluster: Cluster,
  making: Making<Details, Prepared, Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const started = await start(cluster, making, attempt === attempts);
    if (started === null) continue;
    const { operation, prepared } = started;
    try {
      return await making.make(prepared, operation);
    } catch (error) {
      // Where something is left, the record stays: the next call goes on with it.
      if (operation.interrupted === null && !hasCode(error, "UNDO_FAILED")) await tryToEnd(operation);
      throw error;
    } finally {
      await Promise.allSettled([operation[Symbol.asyncDispose]()]);
    }
  }
}

/** `null` after something that was left has been dealt with: everything has to be read again. */
async function start<Details extends OperationRequest["details"], Prepared>(
  cluster: Cluster,
  { kind, target, signal, details: nothingYet, prepare, resumes = false }: Making<Details, Prepared, unknown>,
  isLast: boolean,
): Promise<{ prepared: Prepared; operation: Operation } | null> {
  let beginning: Promise<Operation> | undefined;
  const begin: Begin<Details> = (details) => {
    beginning ??= beginOperation(cluster, { image: target, purpose: "make", kind, details, signal });
    return beginning;
  };
  try {
    const prepared = await prepare(begin);
    const operation = await begin(nothingYet);
    const { interrupted } = operation;
    if (interrupted === null || (resumes && interrupted.kind === kind)) return { prepared, operation };
    await recover(cluster, operation);
    return null;
  } catch (error) {
    if (beginning !== undefined) {
      const [begun] = await Promise.allSettled([beginning]);
      if (begun.status === "fulfilled") await giveUp(begun.value);
      throw error;
    }
    // What stands there may be what an interrupted operation left.
    if (isLast || !hasCode(error, "EXISTS") || !(await isRecorded(cluster, target))) throw error;
  }
  const operation = await begin(nothingYet);
  if (operation.interrupted === null) await tryToEnd(operation);
  else await recover(cluster, operation);
  return null;
}

/** Whether an operation is recorded that makes an image of that name: what stands there may be what it left. */
export async function isRecorded(cluster: Cluster, target: ImageSpec): Promise<boolean> {
  const ioCtx = await cluster.pool(target.pool, target.namespace);
  const object = showImageSpec(target);
  return (await withCoppiceErrors({ object }, () => readOperation(ioCtx, target.image, "make"))) !== null;
}

/** Deals with what was left, and ends. @throws {CoppiceError} `INCOMPLETE` when somebody uses it */
async function recover(cluster: Cluster, operation: Operation): Promise<void> {
  await using taken = operation;
  const { outcome, what } = await recoverLeftovers(cluster, taken, { again: true });
  if (outcome !== "left") return await taken.end();
  const object = showImageSpec(taken.place);
  throw new CoppiceError({
    code: "INCOMPLETE",
    call: "makeImage",
    object,
    message: `${object} could not be made again: ${what}`,
    hint: "Have its user close it, and remove what he made of it; or finish the operation that left it. Then make the same call again.",
  });
}

/** Ends an operation that has changed nothing. One that was taken over stays for the next call. */
async function giveUp(operation: Operation): Promise<void> {
  if (operation.interrupted === null) await tryToEnd(operation);
  await Promise.allSettled([operation[Symbol.asyncDispose]()]);
}

/** When this fails, the record stays and the next call finds that there is nothing to do. */
async function tryToEnd(operation: Operation): Promise<void> {
  await Promise.allSettled([operation.end()]);
}
