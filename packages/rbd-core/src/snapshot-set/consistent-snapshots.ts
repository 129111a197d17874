import { randomUUID } from "node:crypto";
import type { Image } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../cluster/index.ts";
import { withinLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { openImage, waitForDeadClients } from "../image/index.ts";
import {
  checkName,
  compareText,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
} from "../names/index.ts";
import {
  beginOperation,
  type Operation,
  type Recover,
  readOperation,
  recoverLeftovers,
} from "../operation/index.ts";
import { type SetMember, snapshotTogether } from "./snapshot-together.ts";

export interface ConsistentSnapshotsOptions {
  /** The images, of one cluster, and the name of the snapshot that each gets. Each image once. */
  readonly snapshots: readonly { readonly image: ImageSpecLike; readonly name: string }[];
  /**
   * Brings whoever writes to the images to a state that can be restored, such as freezing the file systems of virtual machines. It
   * should stop at its signal.
   */
  readonly freeze?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Undoes `freeze`. Always called once `freeze` was, whatever failed or was aborted. */
  readonly thaw?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Milliseconds; 30,000 without it. */
  readonly freezeLimitMs?: number | undefined;
  /** Milliseconds; 30,000 without it. */
  readonly thawLimitMs?: number | undefined;
  /**
   * For how long writers may be held up until all images are held, in milliseconds; 10,000 without it. Usually it takes a tenth of
   * a second. What librbd itself asks to quiesce, such as a watching rbd-nbd, is waited for as long as librbd does.
   */
  readonly holdLimitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConsistentSnapshot {
  readonly snapshot: Required<ImageSpec>;
  readonly id: bigint;
  /** Of the image at the snapshot, in bytes. */
  readonly size: number;
}

export interface ConsistentSnapshotsResult {
  /** In the order of the request. */
  readonly snapshots: readonly ConsistentSnapshot[];
  /** For how long writers had to wait, in milliseconds. */
  readonly heldMs: number;
}

const defaultHookLimitMs = 30_000;
const defaultHoldLimitMs = 10_000;
const kind = "consistent-snapshots";
const purpose = "snapshots";

const memberSchema = z.strictObject({
  pool: z.string(),
  namespace: z.string(),
  image: z.string(),
  name: z.string(),
  /** The highest id of a snapshot before: this one has a higher id. */
  known: z.string().regex(/^\d{1,20}$/),
});
type RecordedMember = z.infer<typeof memberSchema>;

const detailsSchema = z.strictObject({
  version: z.literal(1),
  set: z.uuid(),
  /**
   * In the order in which their operations are begun and ended; empty before anything is made. The set is complete once the
   * first one's record is gone.
   */
  members: z.array(memberSchema),
});
const detailsOf = (set: string, members: RecordedMember[]): z.infer<typeof detailsSchema> => ({
  version: 1,
  set,
  members,
});

/**
 * Takes snapshots of several images that all show one instant, as those of the disks of a machine have to. Clients may go on
 * writing: they wait for a moment. With `freeze`, file systems are whole in them as well.
 *
 * All of them are made, or none. When the process dies on the way, the same call, another one with one of the images, or `reconcile`
 * removes those that were made; it cannot thaw.
 *
 * @throws {CoppiceError} `EXISTS` for a snapshot, `NOT_FOUND` for an image; `INVALID_ARGUMENT`; `UNSUPPORTED` for an image without the
 * exclusive lock when there is no `freeze`; `TIMED_OUT` when a hook or the images take too long; `BUSY`; what a hook throws;
 * `LEASE_LOST`; the signal's reason
 *
 * @example
 * const names = ["rbd/vm-1-root", "rbd/vm-1-data"].map((image) => ({ image, name: "before-the-upgrade" }));
 * await createConsistentSnapshots(cluster, { snapshots: names, freeze: () => guest.freeze(), thaw: () => guest.thaw() });
 */
export async function createConsistentSnapshots(
  cluster: Cluster,
  options: ConsistentSnapshotsOptions,
): Promise<ConsistentSnapshotsResult> {
  const asked = options.snapshots.map(({ image, name }) => ({ place: toImageOnly(image), name }));
  checkRequest(asked, options);
  const ordered = asked.toSorted((a, b) => compareText(keyOf(a.place), keyOf(b.place)));
  const set = randomUUID();
  await using begun = new AsyncDisposableStack();
  const operations: Operation[] = [];
  for (const { place } of ordered) {
    operations.push(begun.use(await beginMember(cluster, place, set, options.signal)));
  }
  const signal = AbortSignal.any(operations.map((operation) => operation.signal));
  const members: RecordedMember[] = [];
  let result: ConsistentSnapshotsResult;
  try {
    for (const member of ordered) members.push(await examine(cluster, member));
    for (const operation of operations) await operation.update(detailsOf(set, members));
    const heldMs = await whileFrozen(options, signal, () =>
      snapshotTogether(cluster, ordered, {
        holdLimitMs: options.holdLimitMs ?? defaultHoldLimitMs,
        isFrozen: options.freeze !== undefined,
        signal,
      }),
    );
    const made: ConsistentSnapshot[] = [];
    for (const { place } of asked) {
      const member = members.find((each) => keyOf(each) === keyOf(place));
      if (member !== undefined) made.push(await describe(cluster, member));
    }
    signal.throwIfAborted();
    // Nobody has taken any of the operations over until here.
    for (const operation of operations) await operation.update(detailsOf(set, members));
    await operations[0]?.end();
    result = { snapshots: made, heldMs };
  } catch (error) {
    for (const operation of operations) operation.throwIfLost();
    for (const member of members) await removeMember(cluster, member);
    for (const operation of operations) await operation.end();
    throw signal.aborted ? signal.reason : error;
  }
  // The set is complete, which the records that are left are found to say if these calls fail.
  for (const operation of operations.slice(1)) await operation.end();
  return result;
}

const keyOf = ({ pool, namespace, image }: ImageSpec) => `${pool}/${namespace}/${image}`;

function checkRequest(asked: readonly SetMember[], options: ConsistentSnapshotsOptions): void {
  const refuse = (object: string, message: string, hint: string) =>
    new CoppiceError({ code: "INVALID_ARGUMENT", call: "createConsistentSnapshots", object, message, hint });
  for (const { name } of asked) checkName("snapshot", name);
  if (asked.length === 0) throw refuse("", "there is no image in the set", "Name at least one.");
  const seen = new Set<string>();
  for (const { place } of asked) {
    if (seen.has(keyOf(place))) {
      throw refuse(
        showImageSpec(place),
        `${showImageSpec(place)} is in the set twice`,
        "Name each image once.",
      );
    }
    seen.add(keyOf(place));
  }
  const { freezeLimitMs = 1, thawLimitMs = 1, holdLimitMs = 1 } = options;
  for (const limit of [freezeLimitMs, thawLimitMs, holdLimitMs]) {
    if (!(limit > 0 && limit < 2 ** 31))
      throw refuse("", `${limit} is no time limit`, "Give milliseconds above 0.");
  }
  if (options.freeze !== undefined && options.thaw === undefined) {
    throw refuse("", "there is a hook that freezes and none that thaws", "Give both.");
  }
}

/** @throws {CoppiceError} `NOT_FOUND`, `EXISTS` */
async function examine(cluster: Cluster, { place, name }: SetMember): Promise<RecordedMember> {
  const object = showImageSpec({ ...place, snapshot: name });
  await using image = await openImage(cluster, place, { readOnly: true });
  return await withCoppiceErrors({ object, what: `${object} could not be examined` }, async () => {
    const snapshots = await image.listSnapshots();
    if (snapshots.some((each) => each.name === name && each.namespace === "user")) throw exists(object);
    const { pool, namespace } = place;
    return { pool, namespace, image: place.image, name, known: String(snapshots.at(-1)?.id ?? 0n) };
  });
}

function exists(object: string): CoppiceError {
  return new CoppiceError({
    code: "EXISTS",
    call: "createConsistentSnapshots",
    object,
    message: `the snapshot ${object} exists already`,
    hint: "Choose another name, or remove that snapshot first.",
  });
}

async function beginMember(
  cluster: Cluster,
  image: ImageSpec,
  set: string,
  signal: AbortSignal | undefined,
): Promise<Operation> {
  const details = detailsOf(set, []);
  const operation = await beginOperation(cluster, { image, purpose, kind, details, signal });
  if (operation.interrupted === null) return operation;
  try {
    await recoverLeftovers(cluster, operation);
    await operation.update(details, kind);
    return operation;
  } catch (error) {
    await operation[Symbol.asyncDispose]();
    throw error;
  }
}

async function describe(cluster: Cluster, member: RecordedMember): Promise<ConsistentSnapshot> {
  const { name: snapshot, known: _, ...place } = member;
  await using image = await openImage(cluster, place, { readOnly: true });
  const found = await findOwn(image, member);
  if (found !== undefined) return { snapshot: { ...place, snapshot }, id: found.id, size: found.size };
  const object = showImageSpec({ ...place, snapshot });
  throw new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "createConsistentSnapshots",
    object,
    message: `${object} was removed right after it was made`,
    hint: "See that nothing else removes snapshots of these images, and try again.",
  });
}

async function findOwn(image: Image, { name, known }: RecordedMember) {
  const isOwn = (each: { name: string; id: bigint; namespace: string }) =>
    each.name === name && each.id > BigInt(known) && each.namespace === "user";
  return (await image.listSnapshots()).find(isOwn);
}

/** Removes the snapshot of one image, if it was made. */
async function removeMember(cluster: Cluster, member: RecordedMember, recovering?: Operation): Promise<void> {
  const { name: snapshot, known: _, ...place } = member;
  const object = showImageSpec({ ...place, snapshot });
  await withCoppiceErrors({ object, what: `${object} could not be removed` }, async () => {
    try {
      await using image = await openImage(cluster, place);
      if (recovering !== undefined) await waitForDeadClients(cluster, image, recovering);
      if ((await findOwn(image, member)) !== undefined) await image.removeSnapshot(snapshot);
    } catch (error) {
      // The image is gone.
      if (!hasCode(error, "NOT_FOUND")) throw error;
    }
  });
}

/**
 * Freezes, does something, and thaws, whatever happens.
 *
 * @throws what `action` throws, else what a hook throws; `TIMED_OUT`; the signal's reason
 */
async function whileFrozen<T>(
  { freeze, thaw, freezeLimitMs, thawLimitMs }: ConsistentSnapshotsOptions,
  signal: AbortSignal,
  action: () => Promise<T>,
): Promise<T> {
  if (freeze === undefined || thaw === undefined) return await action();
  signal.throwIfAborted();
  let done: { readonly value: T } | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    await runHook("freeze", freeze, freezeLimitMs, signal);
    done = { value: await action() };
  } catch (error) {
    failure = { error };
  }
  // A call that was aborted thaws, too.
  try {
    await runHook("thaw", thaw, thawLimitMs, undefined);
  } catch (error) {
    const also = "the failure, and what the hook that thaws threw";
    failure = { error: failure === undefined ? error : new AggregateError([failure.error, error], also) };
  }
  if (failure !== undefined || done === undefined) throw failure?.error;
  return done.value;
}

async function runHook(
  what: "freeze" | "thaw",
  hook: (signal: AbortSignal) => Promise<void>,
  limitMs = defaultHookLimitMs,
  signal: AbortSignal | undefined,
): Promise<void> {
  await withinLimit(hook, limitMs, () => hookTooLate(what, limitMs), signal);
}

function hookTooLate(what: "freeze" | "thaw", limitMs: number): CoppiceError {
  return new CoppiceError({
    code: "TIMED_OUT",
    call: "createConsistentSnapshots",
    message: `the hook that should ${what} whoever writes to the images did not end within ${limitMs} ms`,
    hint:
      what === "freeze"
        ? "The hook that thaws was called. See why it takes so long, or allow more time."
        : "See whether the writers are still frozen, and thaw them by hand.",
  });
}

/** Removes the snapshots of a set that is not complete. */
export const recoverSet: Recover = async (cluster, operation) => {
  const { place, interrupted } = operation;
  const object = showImageSpec(place);
  const { set, members } = detailsSchema.parse(interrupted?.details);
  const [first, ...others] = members;
  const own = members.find((member) => keyOf(member) === keyOf(place));
  if (first === undefined || own === undefined) {
    return { outcome: "undone", what: `no snapshot of ${object} was made yet` };
  }
  const what = `no snapshot of ${object} is left that was to be one of ${members.length} of one instant`;
  if (own === first) {
    for (const member of others) await undoOther(cluster, member, set);
  } else if (!(await isIncomplete(cluster, first, set))) {
    return { outcome: "finished", what: `${object} has its snapshot of a set that is complete` };
  }
  await removeMember(cluster, own, operation);
  return { outcome: "undone", what };
};

/** Whether the record of a set's first image is still there. */
async function isIncomplete(cluster: Cluster, first: RecordedMember, set: string): Promise<boolean> {
  const ioCtx = await cluster.pool(first.pool, first.namespace);
  const found = await readOperation(ioCtx, first.image, purpose);
  const details = detailsSchema.safeParse(found?.record?.details);
  return details.success && details.data.set === set;
}

/** Takes another image of the set over from the process that died, and removes its snapshot. */
async function undoOther(cluster: Cluster, member: RecordedMember, set: string): Promise<void> {
  const { name: _name, known: _known, ...image } = member;
  await using operation = await beginOperation(cluster, {
    image,
    purpose,
    kind,
    details: detailsOf(set, []),
  });
  const { interrupted } = operation;
  if (interrupted !== null) {
    const details = detailsSchema.safeParse(interrupted.details);
    // Another set has the image by now: this one's snapshot was removed before.
    if (!details.success || details.data.set !== set) return;
    await removeMember(cluster, member, operation);
  }
  await operation.end();
}
