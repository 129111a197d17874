import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { ignoreNotFound, imageIdObject, oldHeaderObject } from "../headers/index.ts";
import { isPartlyCreated, partlyCreated } from "../image/index.ts";
import { type ParentLink, readParent, type SnapshotRow } from "../inventory/index.ts";
import { checkName, type ImageSpec, showImageSpec, toImageOnly, toImageSpec } from "../names/index.ts";
import { readCloneFormat } from "./clone-format.ts";
import { checkCloneable, decideClone, defaultNames } from "./decide.ts";
import { readSnapshotHistory, sameState, searchSnapshot } from "./search-snapshot.ts";
import { newSnapshotName } from "./snapshot-name.ts";
import { namedSnapshot, openSource, readSourceFacts, type SourceFacts, sourceDepth } from "./source.ts";
import type { CloneOptions, ClonePhase, ClonePlan } from "./types.ts";

export interface PreparedClone {
  plan: ClonePlan;
  /** The source as it was when the plan was made. */
  facts: SourceFacts;
  /** Whether the plan rests on a comparison with the current state. */
  compared: boolean;
}

/**
 * Looks at everything a clone needs and decides what it will be. Only reads. With `search` off a snapshot is
 * planned to be created without looking for one that could be used.
 *
 * @throws {CoppiceError} see `cloneImage`
 */
export async function prepareClone(
  cluster: Cluster,
  options: CloneOptions,
  search = true,
): Promise<PreparedClone> {
  const { signal } = options;
  const report = (phase: ClonePhase, done: number, total: number) =>
    options.onProgress?.({ phase, done, total, unit: "steps" });
  const { snapshot: wanted, ...spec } = toImageSpec(options.source);
  const target = toImageOnly(options.target);
  if (options.snapshotName !== undefined) checkName("snapshot", options.snapshotName);
  signal?.throwIfAborted();

  report("check", 0, 1);
  const opening = openSource(cluster, spec);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => closeOpened(opening));
  const [facts, format] = await allSettledOrThrow([
    opening.then((opened) => readSourceFacts(cluster, spec, opened)),
    readCloneFormat(cluster, target.pool, options.cloneFormat),
    checkTarget(cluster, target),
  ]);
  const image = await opening;
  checkCloneable(facts);
  const chosen = wanted === undefined ? null : namedSnapshot(facts, wanted);
  report("check", 1, 1);
  signal?.throwIfAborted();

  const parent = chosen === null ? facts.parent : await parentAt(image, chosen);
  const [found, above] = await allSettledOrThrow([
    chosen !== null
      ? { snapshot: chosen, reason: "it was asked for" }
      : search
        ? searchSnapshot(cluster, image, facts, signal, (done, total) => report("search", done, total))
        : { snapshot: null, reason: "the source's snapshots kept changing during the search" },
    sourceDepth(cluster, parent),
  ]);
  signal?.throwIfAborted();
  const plan = decideClone({
    source: facts,
    target,
    existing: found.snapshot === null ? null : { snapshot: found.snapshot, reason: found.reason },
    create: { name: newName(facts, options), reason: found.reason },
    format,
    sourceDepth: above.depth,
    choices: options,
  });
  // A full copy has nothing above it, whatever the source had.
  if (above.unreadable !== null && !plan.flatten) {
    plan.warnings.push(`The clone may be deeper than ${plan.depth}: ${above.unreadable.message}`);
  }
  return { plan, facts, compared: chosen === null };
}

/** Whatever became of the opening is known elsewhere. */
async function closeOpened(opening: Promise<Image>): Promise<void> {
  const [opened] = await Promise.allSettled([opening]);
  if (opened.status === "fulfilled") await opened.value.close();
}

async function parentAt(image: Image, snapshot: SnapshotRow): Promise<ParentLink | null> {
  return withCoppiceErrors({}, async () => {
    await image.setSnapshot(snapshot.name);
    return readParent(image);
  });
}

function newName(facts: SourceFacts, options: CloneOptions): string {
  if (options.snapshotName !== undefined) return options.snapshotName;
  const taken = new Set(facts.snapshots.map((snapshot) => snapshot.name));
  return newSnapshotName(taken, options.names ?? defaultNames);
}

/** A name given for a new snapshot must be free, once it is known that one has to be made. */
export function checkSnapshotNameFree({ plan, facts }: PreparedClone): void {
  const { name, action } = plan.snapshot;
  if (action === "reuse") return;
  if (!facts.snapshots.some((snapshot) => snapshot.kind === "user" && snapshot.name === name)) return;
  const object = showImageSpec({ ...facts.spec, snapshot: name });
  throw new CoppiceError({
    code: "EXISTS",
    call: "cloneImage",
    object,
    message: `the snapshot ${object} is there already, and differs from the current state`,
    hint: `Leave the snapshot's name out, or clone ${object} itself.`,
  });
}

/** How often a search is repeated when the source's snapshots changed meanwhile. */
const searches = 3;

/**
 * Plans a clone. A snapshot that the search found is only used when the source's snapshots did not change during the
 * search. A plan that creates a snapshot is right whatever happened meanwhile.
 *
 * @throws {CoppiceError} whatever `cloneImage` refuses, but for a name that a new snapshot cannot have
 */
export async function prepareCurrent(cluster: Cluster, options: CloneOptions): Promise<PreparedClone> {
  for (let search = 1; ; search++) {
    const prepared = await prepareClone(cluster, options, search <= searches);
    if (!prepared.compared || prepared.plan.snapshot.action === "create") return prepared;
    if (await stillCurrent(cluster, prepared.facts)) return prepared;
  }
}

/**
 * Whether the image still is the one that was searched: the same size, and no snapshot made, removed or renamed
 * since it was opened.
 *
 * Why this makes a reused snapshot right while the source is being written to. The handle that was searched
 * knows the snapshots from when it was opened; a snapshot made since would hide earlier writes from the diff
 * (they are in its layer now). With the snapshots unchanged until after the search the diff was complete. A
 * diff tells what was *written*, and what has been written does not become unwritten: what the search found
 * untouched, at whatever moment it looked, was untouched when the search began. So at that moment the source
 * was, byte for byte, the snapshot; and a later write is later than the clone.
 */
export async function stillCurrent(cluster: Cluster, before: SourceFacts): Promise<boolean> {
  const { spec, id, history } = before;
  const object = showImageSpec(spec);
  if (history !== null) {
    if (!sameState(before, history)) return false;
    const ioCtx = await cluster.pool(spec.pool, spec.namespace);
    const now = await withCoppiceErrors({ object, what: `${object} could not be read again` }, () =>
      readSnapshotHistory(ioCtx, id),
    );
    return now !== null && now.sequence === history.sequence && sameState(now, history);
  }
  await using image = await openSource(cluster, spec);
  const now = await readSourceFacts(cluster, spec, image);
  return now.id === id && sameState(now, before);
}

/**
 * Makes sure that an image can be created there: pool and namespace exist, and the name is free. An image has its name by
 * the object that holds its id (in format 1, its header): looking for that is far quicker than opening what is not there.
 *
 * @throws {CoppiceError} `EXISTS`, or `NOT_FOUND` for the pool or namespace
 */
export async function checkTarget(cluster: Cluster, target: ImageSpec): Promise<void> {
  const object = showImageSpec(target);
  const ioCtx = await cluster.pool(target.pool, target.namespace);
  if (target.namespace !== "") await checkNamespace(cluster, target);
  const marks = [imageIdObject(target.image), oldHeaderObject(target.image)];
  const found = await withCoppiceErrors({ object, what: `${object} cannot be the target` }, () =>
    allSettledOrThrow(marks.map((mark) => ignoreNotFound(() => ioCtx.objects.stat(mark)))),
  );
  if (found.every((mark) => mark === null)) return;
  if (await withCoppiceErrors({ object }, () => isPartlyCreated(ioCtx, target.image)))
    throw partlyCreated(object, "cloneImage");
  throw new CoppiceError({
    code: "EXISTS",
    call: "cloneImage",
    object,
    message: `there is an image ${object} already`,
    hint: "Choose another name for the clone.",
  });
}

async function checkNamespace(cluster: Cluster, target: ImageSpec): Promise<void> {
  // Namespaces are listed in, and only in, the default one.
  const ioCtx = await cluster.pool(target.pool);
  const place = { object: `${target.pool}/${target.namespace}` };
  if (await withCoppiceErrors(place, () => ioCtx.namespaceExists(target.namespace))) return;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "cloneImage",
    object: place.object,
    message: `the pool ${JSON.stringify(target.pool)} has no namespace ${JSON.stringify(target.namespace)}`,
    hint: "Create the namespace first, or choose another target.",
  });
}
