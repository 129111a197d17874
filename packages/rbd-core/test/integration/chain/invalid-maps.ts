import { expect } from "vitest";
import { snapshotChain } from "../../../src/chain/snapshot-chain.ts";
import { objectMapObject } from "../../../src/headers/object-names.ts";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import type { CliPool } from "../../support/use-cli-pool.ts";

export const mebibyte = 2 ** 20;
export const lockOnly = featureBits(["layering", "exclusive-lock"]);
const mapFeatures = featureBits(["object-map", "fast-diff"]);

/** Images with invalid object maps, and checks of their maps, in the pool of a test file. */
export function invalidMaps(own: CliPool) {
  /**
   * Creates an image whose object maps were enabled after its snapshots: librbd marks all of them as invalid, and they are
   * wrong, since they contain no data.
   */
  const distrustedImage = async (name: string, size = 8): Promise<string> => {
    const spec = `${own.pool}/${name}`;
    await createImage(own.cluster, spec, { size: size * mebibyte, objectSize: mebibyte, features: lockOnly });
    await using image = await openImage(own.cluster, spec);
    await image.write(0, Buffer.alloc(3 * mebibyte, 1));
    await image.createSnapshot("s0");
    await image.write(2 * mebibyte, Buffer.alloc(2 * mebibyte, 2));
    await image.createSnapshot("s1");
    await image.writeZeroes(0, mebibyte);
    await image.updateFeatures(mapFeatures, true);
    return spec;
  };

  const owns = async (spec: string) => {
    const { points, objectMaps } = await snapshotChain(own.cluster, spec);
    return { state: objectMaps.state, own: points.map(({ own }) => own && own.bytes / mebibyte) };
  };

  const loseMap = async (spec: string, snapshot: string): Promise<void> => {
    await using image = await openImage(own.cluster, spec, { readOnly: true });
    const id = (await image.listSnapshots()).find(({ name }) => name === snapshot)?.id;
    const { objects } = await own.cluster.pool(own.pool);
    await objects.remove(objectMapObject(image.id, id));
  };

  /** Checks that Ceph finds nothing wrong with the maps. */
  const checkedByRbd = async (spec: string): Promise<void> => {
    for (const point of [`${spec}@s0`, `${spec}@s1`, spec]) {
      await own.cli.rbd("object-map", "check", "--no-progress", point);
    }
    expect((await own.cli.rbdJson<{ flags: string[] }>("info", spec)).flags).toEqual([]);
  };

  return { distrustedImage, owns, loseMap, checkedByRbd };
}
