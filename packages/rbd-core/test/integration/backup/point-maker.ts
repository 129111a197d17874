import { randomBytes, randomUUID } from "node:crypto";
import type { BackupRecord } from "../../../src/backup/backup-record.ts";
import type { BackupChain, BackupTarget, NewRecord } from "../../../src/backup/backup-target.ts";
import { openImage } from "../../../src/image/image.ts";
import { parseImageSpec, toImageOnly } from "../../../src/names/index.ts";
import { mergeManifests } from "../../../src/transfer/index.ts";
import { identityOf } from "../../../src/transfer/source.ts";
import type { OwnPools } from "../../support/use-own-pool.ts";

export const MiB = 1024 ** 2;

/**
 * What fills a target with points, below `backupImage`, and compares them with plain `rbd`.
 *
 * @param pools The images to back up lie in its pool, and restored ones too.
 */
export function usePoints(pools: OwnPools) {
  const { pool, witness } = pools;

  /** A new image of 20 objects with some data. @param unit The size of its objects, in bytes. */
  const makeImage = async (name: string, unit = MiB): Promise<string> => {
    const spec = `${pool}/${name}`;
    await witness.rbd("create", "--size", `${20 * unit}B`, "--object-size", `${unit}B`, spec);
    await write(spec, unit / 2, 3 * unit);
    return spec;
  };

  const write = async (spec: string, offset: number, length: number): Promise<void> => {
    await using image = await openImage(pools.cluster, spec);
    await image.write(offset, randomBytes(length));
  };

  /** Takes a snapshot of the image, appends it, and commits it unless told otherwise. */
  const append = async (
    chain: BackupChain,
    spec: string,
    parent: BackupRecord | null,
    id: string = randomUUID(),
  ): Promise<NewRecord & { commit(): Promise<BackupRecord> }> => {
    const place = toImageOnly(spec);
    const name = `backup.${id}.snap.${Date.now() / 1000}`;
    await witness.rbd("snap", "create", "--no-progress", `${spec}@${name}`);
    await using image = await openImage(pools.cluster, place, { readOnly: true });
    const snapshot = (await image.listSnapshots()).find((each) => each.name === name);
    const source = {
      cluster: pools.cluster,
      image: place,
      from: parent?.source.snapshot.name ?? null,
      to: name,
    };
    const appended = await chain.append({ id, name, parent, source });
    const { bytesRead, bytesWritten, bytesSkipped, stored, size, objectSize, digests } = appended;
    const now = new Date().toISOString();
    const record: NewRecord = {
      version: 1,
      id,
      chain: chain.name,
      parent: parent?.id ?? null,
      kind: parent === null ? "full" : "incremental",
      reason: "requested",
      why: "the test asked for it",
      source: {
        ...(await identityOf(pools.cluster, place, image)),
        snapshot: { name, id: String(snapshot?.id) },
      },
      stored,
      size,
      objectSize,
      transfer: { bytesRead, bytesWritten, bytesSkipped },
      startedAt: now,
      pointAt: now,
      completedAt: now,
      engine: { name: "coppice", version: "0.0.0" },
      labels: {},
      volumeMetadata: null,
      protected: false,
      set: null,
      state: "complete",
      checks: { quick: null, deep: null, source: null },
    };
    return { ...record, commit: () => chain.commit(record, digests) };
  };

  const openNewChain = (target: BackupTarget, spec: string) =>
    target.openChain(target.newChain({ imageName: parseImageSpec(spec).image }, randomUUID()));

  /** Three points: a full one, one with changes and zeroes over data, and one of another size. */
  const makeChain = async (target: BackupTarget, spec: string, unit = MiB): Promise<BackupRecord[]> => {
    await using chain = await openNewChain(target, spec);
    const points: BackupRecord[] = [];
    const add = async () => {
      const { commit } = await append(chain, spec, points.at(-1) ?? null);
      points.push(await commit());
    };
    await add();
    await write(spec, 7 * unit + 5000, 50_000);
    await using image = await openImage(pools.cluster, spec);
    await image.writeZeroes(unit, unit);
    await image[Symbol.asyncDispose]();
    await add();
    await witness.rbd("resize", "--no-progress", "--size", `${24 * unit}B`, spec);
    await write(spec, 22 * unit, 10_000);
    await write(spec, 7 * unit + 6000, 10);
    await add();
    return points;
  };

  const sourceMd5 = (spec: string, { source }: BackupRecord) =>
    witness.md5(`${spec}@${source.snapshot.name}`);

  /** Restores a point to a new image and gives its MD5, by plain `rbd`. */
  const restoredMd5 = async (target: BackupTarget, point: BackupRecord): Promise<string> => {
    const spec = `${pool}/restored-${randomUUID()}`;
    await witness.rbd("create", "--size", `${point.size}B`, spec);
    await target.copyOut(point, { cluster: pools.cluster, image: toImageOnly(spec) });
    return await witness.md5(spec);
  };

  /** The digests of everything at a point, from the target. */
  const digestsOf = async (target: BackupTarget, points: readonly BackupRecord[], point: BackupRecord) => {
    const line = points.slice(0, points.indexOf(point) + 1);
    return mergeManifests(await Promise.all(line.map((each) => target.readDigests(each))));
  };

  return { makeImage, write, append, openNewChain, makeChain, sourceMd5, restoredMd5, digestsOf };
}
