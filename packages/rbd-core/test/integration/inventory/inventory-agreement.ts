import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../../src/cluster/connect.ts";
import { headerObject } from "../../../src/headers/object-names.ts";
import { featureNames, flagNames } from "../../../src/image/features.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import type { ImageRow, Inventory } from "../../../src/inventory/rows.ts";
import { freshName } from "../../support/rbd-cli.ts";
import { printedTime, type WitnessedImage } from "../../support/rbd-witness.ts";
import { testSeed } from "../../support/test-seed.ts";
import type { WitnessedForest } from "../../support/use-random-forest.ts";

/** Compares the inventory of a forest with `rbd`. */
export function inventoryAgreement(random: WitnessedForest): void {
  const { cli } = random;
  let found: Inventory;

  beforeAll(async () => {
    found = await inventory(random.cluster, { pools: random.forest.pools, details: ["children", "groups"] });
  });

  const rowOf = ({ place, info }: WitnessedImage, rows = found.rows): ImageRow => {
    const row = rows.find(
      ({ pool, namespace, id }) => pool === place.pool && namespace === place.namespace && id === info.id,
    );
    if (row?.state !== "ok") throw new Error(`no row of ${info.name}`, { cause: row?.error });
    return row;
  };

  describe(`the inventory of a random forest (COPPICE_TEST_SEED=${testSeed})`, () => {
    it("has every image once, and no other", () => {
      const key = (pool: string, namespace: string, id: string | null) => `${pool}/${namespace}/${id}`;
      expect(found.rows.map(({ pool, namespace, id }) => key(pool, namespace, id)).sort()).toEqual(
        random.images.map(({ place, info }) => key(place.pool, place.namespace, info.id)).sort(),
      );
    });

    it("is of a forest with everything in it", () => {
      const ok = found.rows.flatMap((row) => (row.state === "ok" ? [row] : []));
      const children = ok.flatMap((row) => (row.children ?? []).map((child) => ({ row, child })));
      const kinds = new Set(ok.flatMap(({ snapshots }) => snapshots.map(({ kind }) => kind)));
      const there = {
        "a clone of format 1": children.some(({ child }) => child.cloneFormat === 1),
        "a clone of format 2": children.some(({ child }) => child.cloneFormat === 2),
        "a clone in another pool": children.some(({ row, child }) => row.pool !== child.pool),
        "a clone of format 1 in another pool": children.some(
          ({ row, child }) => child.cloneFormat === 1 && row.pool !== child.pool,
        ),
        "a clone in another namespace": children.some(({ row, child }) => row.namespace !== child.namespace),
        "a clone in the trash": children.some(({ child }) => child.inTrash),
        "a parent in the trash": ok.some(({ parent }) => parent?.inTrash === true),
        "an image in a group": ok.some(({ group }) => (group ?? null) !== null),
        "an image with a data pool": ok.some(({ dataPool }) => dataPool !== null),
        "a striped image": ok.some(({ stripeCount }) => stripeCount > 1),
        "snapshots of every kind": ["user", "group", "trash", "mirror"].every((kind) =>
          kinds.has(kind as "user"),
        ),
      };
      expect(Object.entries(there).filter(([, is]) => !is)).toEqual([]);
    });

    it("says what rbd info says, image by image", () => {
      for (const image of random.images) {
        const row = rowOf(image);
        const { info } = image;
        const striped = row.stripeCount > 1 || row.stripeUnit !== row.objectSize;
        expect({
          name: row.name,
          size: row.size,
          objectSize: row.objectSize,
          dataPool: row.dataPool ?? undefined,
          features: featureNames(row.features),
          flags: flagNames(row.flags),
          createdAt: printedTime(row.createdAt),
          modifiedAt: printedTime(row.modifiedAt),
          stripe: striped ? [row.stripeUnit, row.stripeCount] : undefined,
          parent:
            row.parent === null || row.parent.overlap === 0
              ? undefined
              : {
                  pool: row.parent.poolName,
                  pool_namespace: row.parent.namespace,
                  image: row.parent.imageName,
                  id: row.parent.imageId,
                  snapshot: row.parent.snapshotName,
                  trash: row.parent.inTrash,
                  overlap: row.parent.overlap,
                },
        }).toEqual({
          name: info.name,
          size: info.size,
          objectSize: info.object_size,
          dataPool: info.data_pool,
          features: info.features,
          flags: info.flags,
          createdAt: info.create_timestamp,
          modifiedAt: info.modify_timestamp,
          stripe: info.stripe_unit === undefined ? undefined : [info.stripe_unit, info.stripe_count],
          parent: info.parent,
        });
      }
    });

    it("says what rbd snap ls --all says", () => {
      for (const image of random.images) {
        expect(
          rowOf(image).snapshots.map((snapshot) => ({
            id: Number(snapshot.id),
            name: snapshot.name,
            size: snapshot.size,
            protected: `${snapshot.protected}`,
            timestamp: printedTime(snapshot.createdAt),
            kind: snapshot.kind,
          })),
        ).toEqual(
          image.snapshots.map(({ id, name, size, timestamp, namespace, protected: isProtected }) => ({
            id,
            name,
            size,
            protected: isProtected,
            timestamp,
            kind: namespace.type,
          })),
        );
      }
    });

    it("says what rbd children --all says", () => {
      for (const image of random.images) {
        const row = rowOf(image);
        for (const [id, children] of image.children ?? []) {
          const mine = row.children?.filter(({ snapshotId }) => snapshotId === BigInt(id)) ?? [];
          expect(
            mine.map(({ pool, namespace, name, inTrash }) => [pool, namespace, name, inTrash].join()),
          ).toEqual(
            children
              .map(({ pool, pool_namespace, image: name, trash }) =>
                [pool, pool_namespace, name, trash ?? false].join(),
              )
              .toSorted(),
          );
        }
      }
    });

    it("shows every clone under the parent that rbd info names, also parents in the trash", () => {
      // `rbd children` cannot be asked about an image in the trash.
      const expected = random.images.flatMap(({ place, info }) => {
        if (info.parent === undefined) return [];
        const { pool, pool_namespace, id, snapshot } = info.parent;
        return [[`${pool}/${pool_namespace}/${id}@${snapshot}`, place.pool, place.namespace, info.id].join()];
      });
      const shown = found.rows.flatMap((row) =>
        row.state === "ok"
          ? (row.children ?? []).map((child) => {
              const snapshot = row.snapshots.find(({ id }) => id === child.snapshotId)?.name;
              const parent = `${row.pool}/${row.namespace}/${row.id}@${snapshot}`;
              return [parent, child.pool, child.namespace, child.id].join();
            })
          : [],
      );
      expect(shown).toEqual(expect.arrayContaining(expected));
    });

    it("finds the clones of a pool that is scanned alone, and names them", async () => {
      const [pool] = random.forest.pools;
      const { rows } = await inventory(random.cluster, { pools: [`${pool}`], details: ["children"] });
      for (const row of rows) {
        const whole = found.rows.find(({ spec, id }) => spec === row.spec && id === row.id);
        const children = (each?: typeof row) => (each?.state === "ok" ? each.children : undefined) ?? [];
        const known = children(whole).filter((child) => child.cloneFormat === 2 || child.pool === pool);
        expect(children(row)).toEqual(known);
      }
    });

    it("says what rbd group image ls says", async () => {
      for (const pool of random.forest.pools) {
        for (const group of await cli.rbdJson<string[]>("group", "ls", pool)) {
          const members = await cli.rbdJson<{ pool: string; image: string }[]>(
            "group",
            "image",
            "ls",
            `${pool}/${group}`,
          );
          const mine = found.rows.filter((row) => row.state === "ok" && row.group === `${pool}/${group}`);
          // With a member in the trash rbd lists none at all.
          if (mine.some(({ trash }) => trash !== null)) continue;
          expect(mine.map((row) => `${row.pool}/${row.name}`).sort()).toEqual(
            members.map((member) => `${member.pool}/${member.image}`).sort(),
          );
        }
      }
    });

    it("is the same for a user who may only read", async () => {
      const folder = await mkdtemp(join(tmpdir(), "coppice-reader-"));
      const user = freshName("reader");
      try {
        const keyring = join(folder, "keyring");
        const osd = [...random.forest.pools, `${random.forest.dataPool}`].map(
          (pool) => `profile rbd-read-only pool=${pool}`,
        );
        const caps = ["mon", "profile rbd-read-only", "osd", osd.join(", ")];
        await cli.ceph("auth", "get-or-create", `client.${user}`, ...caps, "-o", keyring);
        await using reader = await connect({ conf: cli.conf, user, settings: { keyring } });
        const seen = await inventory(reader, { pools: random.forest.pools, details: ["children", "groups"] });
        // Opening an image that is being migrated takes more than reading.
        const own = (rows: Inventory["rows"]) =>
          rows.filter((row) => row.state !== "ok" || row.readThrough === "header");
        const keys = new Set(own(found.rows).map(({ spec, id }) => `${spec} ${id}`));
        expect(own(seen.rows).filter(({ spec, id }) => keys.has(`${spec} ${id}`))).toEqual(own(found.rows));
      } finally {
        await cli.ceph("auth", "rm", `client.${user}`);
        await rm(folder, { recursive: true });
      }
    });

    it("tells who has an image open, when asked", async () => {
      const image = random.images.find(({ inTrash, info }) => inTrash === null && info.parent === undefined);
      if (image === undefined) throw new Error("no plain image");
      const ioCtx = await random.cluster.pool(image.place.pool, image.place.namespace);
      await using _open = await ioCtx.openImage({ id: image.info.id });
      const { rows } = await inventory(random.cluster, { pools: [image.place.pool], details: ["watchers"] });
      const { watchers } = await cli.rbdJson<{ watchers: { address: string; client: number }[] }>(
        "status",
        ...image.address,
      );
      expect(rowOf(image, rows).watchers).toEqual(
        watchers.map(({ address, client }) => ({ address, client: `client.${client}` })),
      );
      const others = rows.filter((row) => row.state === "ok" && row.id !== image.info.id);
      expect(others.every((row) => row.state === "ok" && row.watchers?.length === 0)).toBe(true);
    });

    it("says what rbd trash ls says", () => {
      for (const image of random.images) {
        const { trash } = rowOf(image);
        expect(trash === null).toBe(image.inTrash === null);
        if (trash === null || image.inTrash === null) continue;
        expect([trash.source.toUpperCase(), printedTime(trash.deletedAt)]).toEqual([
          image.inTrash.source,
          image.inTrash.deletedAt,
        ]);
        expect(image.inTrash.status).toContain(printedTime(trash.deferredUntil));
      }
    });

    it("opens images only where their headers are not enough", () => {
      const opened = found.rows.filter((row) => row.state === "ok" && row.readThrough === "librbd");
      for (const row of opened) expect(row.state === "ok" && row.readNote).toMatch(/is being migrated/);
      expect(opened.length).toBeLessThan(found.rows.length / 2);
    });

    it("reads through librbd, and says so, when a header does not decode", async () => {
      const image = random.images.find(({ info, inTrash }) => inTrash === null && info.parent === undefined);
      if (image === undefined) throw new Error("no plain image");
      const { pool, namespace } = image.place;
      const header = headerObject(image.info.id);
      const ioCtx = await random.cluster.pool(pool, namespace);
      const before = await ioCtx.objects.readAllOmap(header);
      const damaged = new Map([["stripe_unit", Buffer.from([1])]]);
      const rows = async () => (await inventory(random.cluster, { pools: [pool] })).rows;
      try {
        // A stripe unit of one byte instead of eight: librbd takes an image without it as not striped.
        await ioCtx.objects.setOmap(header, damaged);
        const row = (await rows()).find(({ id }) => id === image.info.id);
        if (row?.state === "ok") {
          expect(row.readThrough).toBe("librbd");
          expect(row.readNote).toMatch(/^stripe_unit cannot be decoded/);
        } else {
          expect(row?.error.message).toContain(image.info.name);
        }
      } finally {
        const original = before.get("stripe_unit");
        if (original === undefined) await ioCtx.objects.removeOmapKeys(header, ["stripe_unit"]);
        else await ioCtx.objects.setOmap(header, new Map([["stripe_unit", original]]));
      }
      expect(rowOf(image, await rows()).readThrough).toBe("header");
    });

    it("keeps a row with its error for an image that nobody can read", async () => {
      const { pool, namespace } = { pool: `${random.forest.pools[0]}`, namespace: "one" };
      const where = ["--pool", pool, "--namespace", namespace];
      await cli.rbd("create", "--size", "1M", ...where, "--image", "broken");
      const { id } = await cli.rbdJson<{ id: string }>("info", ...where, "--image", "broken");
      const ioCtx = await random.cluster.pool(pool, namespace);
      await ioCtx.objects.removeOmapKeys(headerObject(id), ["size", "features"]);
      const { rows } = await inventory(random.cluster, { pools: [pool] });
      expect(rows.find((row) => row.id === id)).toMatchObject({ state: "unreadable", name: "broken" });
      expect(rows.filter(({ state }) => state === "unreadable")).toHaveLength(1);
    });
  });
}
