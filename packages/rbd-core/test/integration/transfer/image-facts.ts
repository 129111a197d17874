import { expect } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { openImage } from "../../../src/image/image.ts";
import { imageDigest } from "../../support/image-digest.ts";
import type { PlainRbd } from "../formats/plain-rbd.ts";

/** Size and digest of an image or snapshot, read through librbd. */
export async function contentsOf(cluster: Cluster, spec: string): Promise<string> {
  await using image = await openImage(cluster, spec, { readOnly: true, allowIncomplete: true });
  const size = await image.size();
  return `${size} ${await imageDigest(image, size)}`;
}

/** The names of an image's snapshots. */
export async function snapshotNames(cluster: Cluster, spec: string): Promise<string[]> {
  await using image = await openImage(cluster, spec, { readOnly: true, allowIncomplete: true });
  return (await image.listSnapshots()).map(({ name }) => name);
}

/** The names of an image's snapshots, and the keys of its metadata but for the records of those snapshots. */
export async function snapshotsAndNotes(
  cluster: Cluster,
  spec: string,
): Promise<{ snapshots: string[]; notes: string[] }> {
  await using image = await openImage(cluster, spec, { readOnly: true, allowIncomplete: true });
  const listed = await image.listSnapshots();
  const points = new Set(listed.map(({ id }) => `coppice.point.${id}`));
  const notes = [...(await image.listMetadata()).keys()].filter((key) => !points.has(key));
  return { snapshots: listed.map(({ name }) => name), notes };
}

/**
 * Expects that Ceph finds no error in the object maps of an image and its snapshots. Two marks are no errors: an object that is
 * marked as changed (1) where it should be unchanged (3), since librbd marks an object before it zeroes what is zero already;
 * and one that is marked as being removed (2) and is not there, which a rebuild leaves when it saves the map while librbd
 * removes the object. Both only say that there may be something.
 *
 * @param specs Of one image.
 * @param what What was done, for the failure.
 */
export async function checkObjectMaps(
  plain: PlainRbd,
  specs: readonly string[],
  what: string,
): Promise<void> {
  const [any = ""] = specs;
  if (!(await plain.hasObjectMap(any))) return;
  for (const spec of specs) {
    const wrong = await plain.wrongInObjectMap(spec);
    expect(
      wrong.filter((text) => !/marked as (1, but should be 3|2, but should be 0)$/.test(text)),
      what,
    ).toEqual([]);
  }
}
