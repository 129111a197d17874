import type { CallOptions, Cluster } from "../cluster/index.ts";
import {
  type CloneOfImage,
  type DeletionFacts,
  evaluateRemoval,
  failUnderRecord,
  ImageRemoval,
  lastingBlockers,
  type RemovalBlocker,
  type RemovalOptions,
  type RemovalPhase,
  readRemovalFacts,
  refuseBlocked,
  removalDetails,
  removalPhases,
  removalTarget,
  removeImages,
  removeUnderRecord,
} from "../deletion/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { StepRunner } from "../operation/index.ts";
import { resolveTemplate, type TemplateLike } from "../volume/index.ts";

export interface RemoveTemplateOptions extends RemovalOptions {
  /** By its name (`@snap` unless it says otherwise) or its `rbd://` URL. */
  template: TemplateLike;
}

/** What blocks the removal of a template. */
export interface TemplateRemovalPreview {
  template: Required<ImageSpec>;
  blockers: RemovalBlocker[];
  /** The disks and volumes that were cloned from it, in every pool and in the trash. */
  clones: readonly CloneOfImage[];
}

/**
 * Returns what blocks the removal of a template, and changes nothing.
 *
 * @throws {CoppiceError} `INVALID_NAME`; `NOT_FOUND` for the image, or when it lacks the template's snapshot
 */
export async function previewRemoveTemplate(
  cluster: Cluster,
  template: TemplateLike,
  { signal }: CallOptions = {},
): Promise<TemplateRemovalPreview> {
  const { spec, facts } = await readTemplate(cluster, template, signal);
  const { blockers } = evaluateRemoval(facts, [spec.snapshot]);
  return { template: spec, blockers, clones: removalTarget(facts).clones };
}

/**
 * Removes a template with its snapshot, unless it has clones or other snapshots.
 *
 * It is moved to the trash first, unless it is in use, and that can be undone; see `removeImages` for what a failure after
 * that leaves.
 *
 * Source: what Glance's RBD store does (unprotect and remove `snap`, remove the image). Unlike there, the refusal names
 * every clone, and a failure does not leave an image without its snapshot.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `INVALID_ARGUMENT`: a name that does not parse, a URL of another cluster.
 * - `NOT_FOUND`: the image, or the snapshot that makes it a template.
 * - `BUSY`: it has clones, all of them named, in any pool and in the trash; or it stayed in use.
 * - `NOT_EMPTY`: it has other snapshots.
 * - `UNDO_FAILED`: a step failed, and `left` could not be undone.
 */
export async function removeTemplate(cluster: Cluster, options: RemoveTemplateOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const { snapshot, ...image } = resolveTemplate(cluster.fsid, options.template);
  await removeUnderRecord(cluster, {
    image,
    kind: "remove-template",
    plan: async () => {
      const { facts } = await readTemplate(cluster, options.template, options.signal);
      const target = removalTarget(facts);
      const { blockers, snapshots } = evaluateRemoval(facts, [snapshot]);
      const blocked = { spec: target.spec, blockers: lastingBlockers(blockers) };
      refuseBlocked("removeTemplate", [blocked], { snapshots: "Remove the other snapshots first." });
      const details = await removalDetails(
        cluster,
        { ...image, id: target.id },
        { way: "remove", snapshots: [snapshot] },
      );
      return { target, snapshots, id: target.id, details };
    },
    run: async ({ target, snapshots }, operation) => {
      const flow = { ...options, signal: operation.signal };
      const runner = new StepRunner<RemovalPhase>(removalPhases(1), flow);
      try {
        await removeImages([new ImageRemoval(cluster, target, snapshots, operation)], runner, flow);
      } catch (error) {
        await failUnderRecord(runner, operation.signal, error, "removeTemplate");
      }
    },
    resumed: async () => {},
    retry: options,
  });
}

async function readTemplate(
  cluster: Cluster,
  template: TemplateLike,
  signal: AbortSignal | undefined,
): Promise<{ spec: Required<ImageSpec>; facts: DeletionFacts }> {
  const spec = resolveTemplate(cluster.fsid, template);
  const { snapshot, ...image } = spec;
  const facts = await readRemovalFacts(cluster, image, signal);
  if (facts.snapshots.some(({ kind, name }) => kind === "user" && name === snapshot)) return { spec, facts };
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "removeTemplate",
    object: showImageSpec(spec),
    message: `${showImageSpec(image)} has no snapshot ${JSON.stringify(snapshot)}, so it is not a template`,
    hint: "Remove it as a volume, or name the snapshot that it has.",
  });
}
