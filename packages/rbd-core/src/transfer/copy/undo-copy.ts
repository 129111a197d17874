import type { Cluster } from "../../cluster/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import { imageFeatures, openImage } from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import { findSnapshot } from "../source.ts";
import { prepareHead } from "../target/head.ts";
import { holdTarget, readTarget } from "../target/open-target.ts";
import { removePoint } from "../target/point-record.ts";
import { checkpointNote, isUnnamedCopy } from "./copy-checkpoint.ts";

/**
 * Undoes a copy to an image, wherever it was interrupted, also when it was finished: removes the snapshot that it made, and
 * returns the head to the snapshot that it built on.
 *
 * @param copy `snapshot`: the name of the snapshot that the copy was to make; `from`: of the one that it built on.
 * @throws {CoppiceError} `BUSY` while another client has the image open; `NOT_FOUND` for the image, or for `from`
 */
export async function undoCopy(
  cluster: Cluster,
  place: ImageSpec,
  copy: { readonly snapshot: string; readonly from: string },
  signal?: AbortSignal,
): Promise<void> {
  const spec = showImageSpec(place);
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await using image = await openImage(cluster, place);
  await withCoppiceErrors(
    { object: spec, what: `what a copy left of ${spec} could not be undone` },
    async () => {
      await holdTarget(image, spec, signal);
      const { snapshots } = await readTarget(image, ioCtx, signal);
      const from = findSnapshot(snapshots, copy.from, spec);
      const made = snapshots.filter(({ name }) => name === copy.snapshot || isUnnamedCopy(name));
      for (const { id, name } of made) {
        await image.removeSnapshot(name);
        await removePoint(image, id);
      }
      // librbd cannot correct the head's map with that of a snapshot that was not finished.
      const hasMap = ((await image.features()) & imageFeatures["object-map"]) !== 0n;
      if (hasMap && made.some(({ name }) => isUnnamedCopy(name))) await image.rebuildObjectMap({ signal });
      await prepareHead(cluster, place, image, from, signal);
      await checkpointNote.remove(image);
    },
  );
}
