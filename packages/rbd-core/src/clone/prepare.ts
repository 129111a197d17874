import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { ignoreNotFound, imageIdObject, oldHeaderObject } from "../headers/index.ts";
import { isPartlyCreated, partlyCreated } from "../image/index.ts";
import { type ParentLink, readParent, type SnapshotRow } from "../inventory/index.ts";
import { checkName, type ImageSpec, showImageSpec, toImageOnly, toImageSpec } from "../names/index.ts";
import { readCloneFormat } from "./clone-format.ts";
import {
  type CloneOptions,
  type ClonePhase,
  type ClonePlan,
  checkCloneable,
  decideClone,
} from "./clone-plan.ts";
import { defaultNames, newSnapshotName } from "./own-snapshots.ts";
import type { SearchMemory } from "./search/search-memory.ts";
import { searchSnapshot } from "./search/search-snapshot.ts";
import {
  isUnchanged,
  namedSnapshot,
  openSource,
  readSourceFacts,
  type SourceFacts,
  sourceDepth,
} from "./search/source.ts";

export interface PreparedClone {
  plan: ClonePlan;
  /** The source as it was when the plan was made. */
  facts: SourceFacts;
  /** Whether the plan follows from a comparison with the current state. */
  compared: boolean;
}

/** How often the search is repeated when the source's snapshots changed meanwhile. */
const searches = 3;

/**
 * Plans a clone. A snapshot that the search found is only used when the source's snapshots did not change during the
 * search. A plan that creates a snapshot is right whatever happened meanwhile.
 *
 * @param begin Begins the operation that the plan is for, see {@link PrepareOptions.begin}.
 * @throws {CoppiceError} see `cloneImage`; the name of a new snapshot is checked by {@link checkSnapshotNameFree}
 */
export async function prepareCurrent(
  cluster: Cluster,
  options: CloneOptions,
  begin?: PrepareOptions["begin"],
): Promise<PreparedClone> {
  for (let search = 1; ; search++) {
    const prepared = await prepareClone(cluster, options, { search: search <= searches, begin });
    if (!prepared.compared || prepared.plan.snapshot.action === "create") return prepared;
    if (await isUnchanged(cluster, prepared.facts)) return prepared;
  }
}

interface PrepareOptions {
  /** Without it a new snapshot is planned, and none of the existing ones is compared. Default true. */
  search?: boolean;
  /** What earlier searches found. */
  memory?: SearchMemory | undefined;
  /** Is called once source and target are known to be usable, and runs while the source is searched. */
  begin?: ((facts: SourceFacts) => Promise<unknown>) | undefined;
}

/**
 * Reads everything that a clone depends on, and decides what it will be. Changes nothing.
 *
 * @throws {CoppiceError} see `cloneImage`
 */
export async function prepareClone(
  cluster: Cluster,
  options: CloneOptions,
  { search = true, memory, begin }: PrepareOptions = {},
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

  const beginning = begin?.(facts);
  const compare = () =>
    searchSnapshot(cluster, image, facts, signal, (done, total) => report("search", done, total));
  const parentOfSource = async () => (chosen === null ? facts.parent : parentAt(image, chosen));
  const [found, above] = await allSettledOrThrow([
    chosen !== null
      ? { snapshot: chosen, reason: "it was asked for" }
      : search
        ? (memory?.find(facts, compare) ?? compare())
        : { snapshot: null, reason: "the source's snapshots kept changing during the search" },
    parentOfSource().then((parent) => sourceDepth(cluster, parent)),
    beginning,
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

/** Closes the image once it is open. A failure to open it is reported to the caller, not here. */
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

/** Checks that the name for a new snapshot is free, when the plan creates one. @throws {CoppiceError} `EXISTS` */
export function checkSnapshotNameFree({ plan, facts }: PreparedClone): void {
  const { name, action } = plan.snapshot;
  if (action === "reuse") return;
  if (!facts.snapshots.some((snapshot) => snapshot.kind === "user" && snapshot.name === name)) return;
  const object = showImageSpec({ ...facts.spec, snapshot: name });
  throw new CoppiceError({
    code: "EXISTS",
    call: "cloneImage",
    object,
    message: `the snapshot ${object} exists already, and differs from the current state`,
    hint: `Choose another name for the snapshot, or clone ${object} itself.`,
  });
}

/**
 * Checks that an image can be created there: pool and namespace exist, and the name is free. The name of an image is the
 * name of the object that holds its id (in format 1, of its header). A stat of that object is far quicker than opening an
 * image that does not exist.
 *
 * @throws {CoppiceError} `EXISTS`, or `NOT_FOUND` for the pool or namespace
 */
export async function checkTarget(cluster: Cluster, target: ImageSpec): Promise<void> {
  const object = showImageSpec(target);
  const ioCtx = await cluster.pool(target.pool, target.namespace);
  if (target.namespace !== "") await checkNamespace(cluster, target);
  const nameObjects = [imageIdObject(target.image), oldHeaderObject(target.image)];
  const found = await withCoppiceErrors({ object, what: `${object} cannot be the target` }, () =>
    allSettledOrThrow(nameObjects.map((name) => ignoreNotFound(() => ioCtx.objects.stat(name)))),
  );
  if (found.every((stat) => stat === null)) return;
  if (await withCoppiceErrors({ object }, () => isPartlyCreated(ioCtx, target.image))) {
    throw partlyCreated(object, "cloneImage");
  }
  throw new CoppiceError({
    code: "EXISTS",
    call: "cloneImage",
    object,
    message: `an image ${object} exists already`,
    hint: "Choose another name, or remove that image first.",
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
