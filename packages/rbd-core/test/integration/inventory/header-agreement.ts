import { beforeAll, describe, expect, it } from "vitest";
import { decodeGroupMember, decodeImageHeader } from "../../../src/headers/image-header.ts";
import {
  directoryObject,
  groupDirectoryObject,
  groupHeaderObject,
  headerObject,
  mirroringObject,
  namespaceObject,
  trashObject,
} from "../../../src/headers/object-names.ts";
import {
  decodeDirectoryEntry,
  decodeMirrorImage,
  decodeTrashEntry,
  mirrorImageKey,
  namespaceOfKey,
  readCloneV1Children,
} from "../../../src/headers/pool-objects.ts";
import { featureNames, flagNames } from "../../../src/image/features.ts";
import { printedTime, type WitnessedImage } from "../../support/rbd-witness.ts";
import { testSeed } from "../../support/test-seed.ts";
import type { WitnessedForest } from "../../support/use-random-forest.ts";

/**
 * Compares the decoded headers of a forest with `rbd`. The headers are read by `rados`, so that only the decoder is under
 * test.
 */
export function headerAgreement(random: WitnessedForest): void {
  const { cli } = random;
  let poolIds: Map<number, string>;

  beforeAll(async () => {
    const pools = JSON.parse(await cli.ceph("osd", "pool", "ls", "detail", "-f", "json")) as {
      pool_id: number;
      pool_name: string;
    }[];
    poolIds = new Map(pools.map((pool) => [pool.pool_id, pool.pool_name]));
  });

  describe(`the headers of a random forest (COPPICE_TEST_SEED=${testSeed})`, () => {
    it("has something of everything", () => {
      expect(random.images.length).toBeGreaterThan(15);
      expect(random.images.some(({ inTrash }) => inTrash !== null)).toBe(true);
      expect(random.images.some(({ info }) => info.parent !== undefined)).toBe(true);
    });

    it("decodes every header to what rbd says", async () => {
      for (const { place, info, snapshots } of random.images) {
        const header = decodeImageHeader(await cli.omap(place.pool, place.namespace, headerObject(info.id)));
        const dataPool = header.dataPoolId === null ? undefined : poolIds.get(header.dataPoolId);
        const striped = header.stripeCount > 1 || header.stripeUnit !== 2 ** header.order;
        expect(
          {
            size: header.size,
            order: header.order,
            block_name_prefix: header.objectPrefix,
            data_pool: dataPool,
            features: featureNames(header.features),
            flags: flagNames(header.flags),
            create_timestamp: printedTime(header.createdAt),
            access_timestamp: printedTime(header.accessedAt),
            modify_timestamp: printedTime(header.modifiedAt),
            stripe: striped ? [header.stripeUnit, header.stripeCount] : undefined,
            snapshots: header.snapshots.map((s) => ({
              id: Number(s.id),
              name: s.name,
              size: s.size,
              protected: String(s.protection !== "unprotected"),
              timestamp: printedTime(s.createdAt),
              namespace: s.namespace.kind,
            })),
          },
          `${place.pool}/${place.namespace}/${info.name}`,
        ).toEqual({
          size: info.size,
          order: info.order,
          block_name_prefix: info.block_name_prefix,
          data_pool: info.data_pool,
          features: info.features,
          flags: info.flags,
          create_timestamp: info.create_timestamp,
          access_timestamp: info.access_timestamp,
          modify_timestamp: info.modify_timestamp,
          stripe: info.stripe_unit === undefined ? undefined : [info.stripe_unit, info.stripe_count],
          snapshots: snapshots.map(({ id, name, size, protected: isProtected, timestamp, namespace }) => ({
            id,
            name,
            size,
            protected: isProtected,
            timestamp,
            namespace: namespace.type,
          })),
        });
        // While an image migrates, librbd shows the source of the migration in the parent's place.
        if (header.migration !== null) continue;
        const overlap = header.parent?.headOverlap ?? 0;
        expect(overlap > 0).toBe(info.parent !== undefined);
        if (header.parent === null || info.parent === undefined) continue;
        expect(
          {
            pool: poolIds.get(header.parent.poolId),
            pool_namespace: header.parent.namespace,
            id: header.parent.imageId,
            overlap,
          },
          `${place.pool}/${place.namespace}/${info.name}`,
        ).toEqual({
          pool: info.parent.pool,
          pool_namespace: info.parent.pool_namespace,
          id: info.parent.id,
          overlap: info.parent.overlap,
        });
      }
    });

    it("decodes the clones of every snapshot, of both formats", async () => {
      for (const { place, info, children } of random.images) {
        if (children === null) continue;
        const header = decodeImageHeader(await cli.omap(place.pool, place.namespace, headerObject(info.id)));
        for (const [id, expected] of children) {
          const format2 = (header.children.get(BigInt(id)) ?? []).map(
            (child) => `${poolIds.get(child.poolId)}/${child.namespace}/${child.imageId}`,
          );
          const format1: string[] = [];
          for (const pool of random.forest.pools) {
            const ioCtx = await random.cluster.pool(pool, place.namespace);
            const parent = {
              poolId: idOfPool(poolIds, place.pool),
              imageId: info.id,
              snapshotId: BigInt(id),
            };
            for (const child of await readCloneV1Children(ioCtx, parent, undefined)) {
              format1.push(`${pool}/${place.namespace}/${child}`);
            }
          }
          expect([...format1, ...format2].sort()).toEqual(
            expected
              .map((child) => `${child.pool}/${child.pool_namespace}/${idOf(random.images, child)}`)
              .sort(),
          );
        }
      }
    });

    it("decodes directories, trash, namespaces, groups and mirroring", async () => {
      for (const place of random.forest.places) {
        const omap = (object: string) => cli.omap(place.pool, place.namespace, object);
        const here = random.images.filter((image) => image.place === place);
        const directory = (await omap(directoryObject)).map(([key, value]) =>
          decodeDirectoryEntry(key, value),
        );
        expect(
          directory
            .filter((entry) => entry !== null)
            .map(({ name, id }) => `${name} ${id}`)
            .sort(),
        ).toEqual(
          here
            .filter(({ inTrash }) => inTrash === null)
            .map(({ info }) => `${info.name} ${info.id}`)
            .sort(),
        );
        const trash = here.some(({ inTrash }) => inTrash !== null) ? await omap(trashObject) : [];
        for (const { inTrash, info } of here.filter((image) => image.inTrash !== null)) {
          const [key, value] = trash.find(([each]) => each === `id_${info.id}`) ?? [];
          const entry = key === undefined || value === undefined ? null : decodeTrashEntry(key, value);
          expect({
            name: entry?.name,
            source: entry?.source.toUpperCase(),
            deletedAt: printedTime(entry?.deletedAt ?? null),
          }).toEqual({ name: info.name, source: inTrash?.source, deletedAt: inTrash?.deletedAt });
          expect(inTrash?.status).toContain(printedTime(entry?.deferredUntil ?? null));
        }
      }
      const namespaces = await cli.omap(`${random.forest.pools[0]}`, "", namespaceObject);
      expect(namespaces.map(([key]) => namespaceOfKey(key))).toEqual(["one", "two"]);

      for (const pool of random.forest.pools) {
        const groups = await cli.rbdJson<string[]>("group", "ls", pool);
        if (groups.length === 0) continue;
        const directory = (await cli.omap(pool, "", groupDirectoryObject)).map(([key, value]) =>
          decodeDirectoryEntry(key, value),
        );
        const ids = new Map(directory.filter((entry) => entry !== null).map(({ name, id }) => [name, id]));
        expect([...ids.keys()].sort()).toEqual(groups.sort());
        for (const [group, groupId] of ids) {
          const members = (await cli.omap(pool, "", groupHeaderObject(groupId)))
            .map(([key, value]) => decodeGroupMember(key, value))
            .filter((member) => member !== null);
          for (const { poolId, imageId } of members) {
            const member = random.images.find(({ info }) => info.id === imageId);
            expect(member?.place.pool, group).toBe(poolIds.get(poolId));
            const header = decodeImageHeader(
              await cli.omap(`${member?.place.pool}`, `${member?.place.namespace}`, headerObject(imageId)),
            );
            expect(header.group?.groupId).toBe(groupId);
          }
        }
      }
      for (const { place, info } of random.images.filter(({ info }) => info.mirroring !== undefined)) {
        const key = mirrorImageKey(info.id);
        const entry = (await cli.omap(place.pool, place.namespace, mirroringObject)).find(
          ([each]) => each === key,
        );
        expect(entry === undefined ? null : decodeMirrorImage(...entry)).toEqual({
          globalId: info.mirroring?.global_id,
          state: info.mirroring?.state,
          mode: info.mirroring?.mode,
        });
      }
    });
  });
}

/** `rbd children` names images; in the trash by the name they had. */
function idOf(
  images: readonly WitnessedImage[],
  child: {
    pool: string;
    pool_namespace: string;
    image: string;
    id?: string;
  },
): string | undefined {
  if (child.id !== undefined && child.id !== "") return child.id;
  return images.find(
    ({ place, info }) =>
      place.pool === child.pool && place.namespace === child.pool_namespace && info.name === child.image,
  )?.info.id;
}

function idOfPool(poolIds: ReadonlyMap<number, string>, name: string): number {
  return [...poolIds].find(([, each]) => each === name)?.[0] ?? -1;
}
