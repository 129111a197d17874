import { randomBytes } from "node:crypto";
import { type IoCtx, readSteps, writeSteps } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../cluster/index.ts";
import { hasCode, withCoppiceErrors } from "../errors/index.ts";
import { ignoreNotFound, readImageId } from "../headers/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";

/** The snapshot that an image is cloned from, and what the operation made of it. */
export interface HeldSnapshot {
  name: string;
  id: bigint;
  /** The operation created it, and so removes it when it is not needed any more. */
  created: boolean;
  /** The operation protected it, and so unprotects it. */
  protected: boolean;
}

/**
 * The object of each pool and namespace in whose omap stands which snapshots Coppice made by itself, by the id of their
 * image and their name. It is not part of the image's metadata, because librbd copies that into every clone.
 */
export const ownSnapshotsObject = "coppice.snapshots";

const schema = z.strictObject({
  version: z.literal(1),
  /** The largest id that a snapshot of the image had before: another one of the same name is not meant. */
  after: z.string().regex(/^\d+$/),
});

/** An image by its pool, namespace and id. */
export interface SnapshotSource {
  readonly spec: ImageSpec;
  readonly id: string;
}

/** A snapshot that Coppice made by itself, as it stands. */
interface OwnSnapshot {
  readonly name: string;
  readonly id: bigint;
  readonly created: true;
  readonly protected: boolean;
}

function keyOf(imageId: string, name: string): string {
  return `${imageId}/${name}`;
}

/**
 * Records, before it is made, that a snapshot is Coppice's own: it goes with its last clone. Snapshots whose name the user
 * gave are the user's.
 *
 * @param after The largest id that a snapshot of the image has had.
 * @throws {CoppiceError}
 */
export async function recordOwnSnapshot(
  cluster: Cluster,
  { spec, id }: SnapshotSource,
  name: string,
  after: bigint,
): Promise<void> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const value = JSON.stringify({ version: 1, after: String(after) } satisfies z.infer<typeof schema>);
  await withCoppiceErrors({ object: showImageSpec({ ...spec, snapshot: name }) }, () =>
    ioCtx.objects.write(ownSnapshotsObject, [
      writeSteps.create(),
      writeSteps.setOmap(new Map([[keyOf(id, name), value]])),
    ]),
  );
}

/** Removes the record of a snapshot that is gone. @throws {CoppiceError} */
export async function forgetOwnSnapshot(
  cluster: Cluster,
  { spec, id }: SnapshotSource,
  name: string,
): Promise<void> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object: showImageSpec({ ...spec, snapshot: name }) }, () =>
    ignoreNotFound(() =>
      ioCtx.objects.write(ownSnapshotsObject, [
        writeSteps.assertExists(),
        writeSteps.removeOmapKeys([keyOf(id, name)]),
      ]),
    ),
  );
}

/** The names of the recorded snapshots of an image, with the largest id before each. @throws {RbdError} */
export async function readOwnSnapshots(ioCtx: IoCtx, imageId: string): Promise<Map<string, bigint>> {
  const found = new Map<string, bigint>();
  const prefix = keyOf(imageId, "");
  for (let startAfter = "", more = true; more; ) {
    const step = readSteps.omap({ prefix, startAfter });
    const read = await ignoreNotFound(() => ioCtx.objects.read(ownSnapshotsObject, [step]));
    if (read === null) break;
    const [page] = read;
    for (const [key, value] of page.entries) {
      startAfter = key;
      // What cannot be read is not known to be Coppice's own, and stays.
      const record = schema.safeParse(jsonOf(value.toString("utf8")));
      if (record.success) found.set(key.slice(prefix.length), BigInt(record.data.after));
    }
    more = page.more && page.entries.size > 0;
  }
  return found;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Releases the snapshots of an image that are recorded as Coppice's own, see `releaseOwnSnapshots`.
 *
 * @param release Removes one snapshot, or leaves it when a clone depends on it; says whether it is gone.
 * @throws {CoppiceError}
 */
export async function releaseRecorded(
  cluster: Cluster,
  source: ImageSpec,
  sourceId: string | undefined,
  release: (source: SnapshotSource, own: OwnSnapshot) => Promise<boolean>,
): Promise<string[]> {
  const spec = { pool: source.pool, namespace: source.namespace, image: source.image };
  const object = showImageSpec(spec);
  return await withCoppiceErrors(
    { object, what: `the snapshots of ${object} could not be released` },
    async () => {
      const ioCtx = await cluster.pool(spec.pool, spec.namespace);
      const id = sourceId ?? (await ignoreNotFound(() => readImageId(ioCtx, spec.image, undefined)));
      if (id === null) return [];
      const recorded = await readOwnSnapshots(ioCtx, id);
      if (recorded.size === 0) return [];
      const snapshots = await ignoreNotFound(async () => {
        await using image = await ioCtx.openImage({ id }, { readOnly: true });
        return await image.listSnapshots();
      });
      const released: string[] = [];
      for (const [name, after] of recorded) {
        const made = snapshots?.find(
          (each) => each.namespace === "user" && each.name === name && each.id > after,
        );
        if (made !== undefined) {
          const own: OwnSnapshot = { name, id: made.id, created: true, protected: made.protected };
          if (!(await isReleased(() => release({ spec, id }, own)))) continue;
          released.push(name);
        }
        await forgetOwnSnapshot(cluster, { spec, id }, name);
      }
      return released;
    },
  );
}

/** A client that works with the snapshot at this moment keeps it. */
async function isReleased(release: () => Promise<boolean>): Promise<boolean> {
  try {
    return await release();
  } catch (error) {
    if (hasCode(error, "BUSY")) return false;
    throw error;
  }
}

/** Where the time and the random part of a snapshot's name come from, so that a test can choose them. */
export interface NameSource {
  now(): Date;
  /** At least 32 random bits as lower-case hex digits. */
  randomHex(): string;
}

/** The clock, and 32 random bits. */
export const defaultNames: NameSource = {
  now: () => new Date(),
  randomHex: () => randomBytes(4).toString("hex"),
};

/**
 * A name for a snapshot that Coppice creates: `coppice-20260301T120000Z-9f3c01ab`, not among `taken`. The names that two
 * clients choose in the same second still differ by 32 random bits.
 */
export function newSnapshotName(taken: ReadonlySet<string>, source: NameSource): string {
  const time = source
    .now()
    .toISOString()
    .replace(/[-:]|\.\d+/g, "");
  for (;;) {
    const name = `coppice-${time}-${source.randomHex()}`;
    if (!taken.has(name)) return name;
  }
}
