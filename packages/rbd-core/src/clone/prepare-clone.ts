import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { ParentLink, SnapshotRow } from "../inventory/inventory-row.ts";
import { readParent } from "../inventory/librbd-reader.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { checkName } from "../names/name-part.ts";
import { toImageOnly, toImageSpec } from "../names/to-image-spec.ts";
import { allSettledOrThrow } from "../parallel/together.ts";
import { checkTarget } from "./check-target.ts";
import type { CloneOptions, ClonePhase } from "./clone-options.ts";
import type { ClonePlan } from "./clone-plan.ts";
import { checkCloneable, decideClone } from "./decide-clone.ts";
import { defaultNames } from "./default-names.ts";
import { namedSnapshot, openSource, readSourceFacts } from "./open-source.ts";
import { readCloneFormat } from "./read-clone-format.ts";
import { searchSnapshot } from "./search-snapshot.ts";
import { newSnapshotName } from "./snapshot-name.ts";
import { sourceDepth } from "./source-depth.ts";
import type { SourceFacts } from "./source-facts.ts";

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
