import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import {
  backupImage,
  importCinderChain,
  listBackups,
  openPoolTarget,
  verifyBackup,
} from "../../../src/backup/index.ts";
import { createImage, createSnapshot } from "../../../src/image/index.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { mib, write } from "../../support/fill.ts";
import { runAndKill } from "../../support/kill-at.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { CinderSteps } from "./cinder-steps.ts";

const { plain, cluster } = await usePlainRbd("volumes");
const { plain: vault } = await usePlainRbd("cinder");
const cinder = new CinderSteps(plain, vault);
const target = await openPoolTarget(cluster, { pool: vault.pool });

async function newVolume(objectSize = 4 * mib): Promise<string> {
  const volume = `volume-${randomUUID()}`;
  await createImage(cluster, plain.image(volume), { size: 24 * mib, objectSize });
  await write(cluster, plain.image(volume), 0, 3 * mib, 1);
  return volume;
}

/** Three backups, of which the middle one was taken of a larger volume. */
async function chainOf(volume: string) {
  const image = plain.image(volume);
  const full = await cinder.backup(volume);
  await write(cluster, image, mib, 700_000, 2);
  await plain.rbd(["resize", "--no-progress", "--size", "40M", image]);
  await write(cluster, image, 30 * mib, 700_000, 3);
  const second = await cinder.backup(volume, full);
  await plain.rbd(["resize", "--no-progress", "--allow-shrink", "--size", "36M", image]);
  await write(cluster, image, 20 * mib, 700_000, 4);
  return [full, second, await cinder.backup(volume, second)] as const;
}

const importChain = (volume: string, chain: string, image = plain.image(volume)) =>
  importCinderChain(cluster, { pool: vault.pool, chain, source: { image } });

async function nothingUnderWay(): Promise<void> {
  expect(await listOperations(cluster, { pools: [plain.pool, vault.pool] })).toEqual([]);
}

async function checkDeep(ids: readonly string[]): Promise<void> {
  for (const backup of ids) {
    expect(await verifyBackup({ target, backup }), backup).toMatchObject({ ok: true, problems: [] });
  }
}

it("imports a chain of Cinder's, which is then extended by ours and by Cinder, point by point", async () => {
  // The digests of points of one chain are merged: they have blocks of the source's size.
  const volume = await newVolume(mib);
  const image = plain.image(volume);
  const made = await chainOf(volume);
  const [first, , third] = made;
  const listed = await listBackups(target);
  expect(listed.foreign).toMatchObject([
    {
      chain: first.base,
      imageName: volume,
      points: made.map(({ id }, i) => ({ id, kind: i === 0 ? "full" : "incremental" })),
      head: null,
      problems: [],
    },
  ]);
  const { imported, notExtensible, left } = await importChain(volume, first.base);
  expect(notExtensible).toBeNull();
  expect(left).toEqual([]);
  expect(imported.map(({ id, kind, parent, size }) => ({ id, kind, parent, size }))).toEqual([
    { id: made[0].id, kind: "full", parent: null, size: 24 * mib },
    { id: made[1].id, kind: "incremental", parent: made[0].id, size: 40 * mib },
    { id: made[2].id, kind: "incremental", parent: made[1].id, size: 36 * mib },
  ]);
  expect(imported[0]).toMatchObject({ reason: "imported", engine: { name: "cinder" }, objectSize: mib });
  expect(JSON.parse(imported[0]?.volumeMetadata ?? "")).toMatchObject({
    "volume-base-metadata": { display_name: "Disk é" },
  });
  await checkDeep(made.map(({ id }) => id));
  const { chains, foreign } = await listBackups(target);
  expect(foreign).toEqual([]);
  expect(chains.map(({ backups }) => backups.map(({ id }) => id))).toEqual([made.map(({ id }) => id)]);
  await nothingUnderWay();

  await write(cluster, image, 4 * mib, 700_000, 5);
  const { backup: fourth } = await backupImage(cluster, { image, target });
  expect(fourth).toMatchObject({
    kind: "incremental",
    reason: "extended",
    parent: third.id,
    chain: first.base,
  });
  expect(fourth.transfer.bytesWritten).toBeLessThan(3 * mib);
  const ours = { id: fourth.id, base: fourth.chain, snapshot: fourth.source.snapshot.name };
  const content = await plain.contents(`${image}@${ours.snapshot}`);
  await write(cluster, image, 5 * mib, 700_000, 6);
  const fifth = await cinder.backup(volume, { ...ours, content });

  const other = await newVolume();
  await expect(importChain(other, first.base)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const later = await importChain(volume, first.base);
  expect(later.imported.map(({ id, parent }) => [id, parent])).toEqual([[fifth.id, fourth.id]]);
  expect(later.notExtensible).toBeNull();
  for (const each of [...made, { ...ours, content }, fifth]) {
    expect(await plain.contents(`${vault.image(each.base)}@${each.snapshot}`)).toBe(each.content);
  }
  await checkDeep([fifth.id, fourth.id]);
  expect((await importChain(volume, first.base)).imported).toEqual([]);
  await nothingUnderWay();
});

it("builds on its own point when Cinder made one since, and leaves Cinder's alone", async () => {
  const volume = await newVolume();
  const image = plain.image(volume);
  const { backup: first } = await backupImage(cluster, { image, target });
  await write(cluster, image, 8 * mib, 700_000, 2);
  const content = "";
  const snapshot = first.source.snapshot.name;
  const cinders = await cinder.backup(volume, { id: first.id, base: first.chain, snapshot, content });
  await write(cluster, image, 12 * mib, 700_000, 3);
  const wanted = await plain.contents(image);
  const { backup: third } = await backupImage(cluster, { image, target });
  expect(third).toMatchObject({ kind: "incremental", parent: first.id });
  const point = (name: string) => plain.contents(`${vault.image(first.chain)}@${name}`);
  expect(await point(third.source.snapshot.name)).toBe(wanted);
  expect(await point(cinders.snapshot)).toBe(cinders.content);
  expect((await listBackups(target)).foreign).toMatchObject([
    { chain: first.chain, points: [{ id: cinders.id }] },
  ]);
  const { imported, left } = await importChain(volume, first.chain);
  expect(imported).toEqual([]);
  expect(left.map(({ id }) => id)).toEqual([cinders.id]);
  await cinder.delete(cinders);
  await nothingUnderWay();
});

it("imports without the source, and is not extended then", async () => {
  const volume = await newVolume();
  const [first, second, third] = await chainOf(volume);
  const { imported, notExtensible } = await importCinderChain(cluster, {
    pool: vault.pool,
    chain: first.base,
  });
  expect(imported).toHaveLength(3);
  expect(notExtensible).toBe("its source is not known");
  await checkDeep([first.id, second.id, third.id]);
  const { backup } = await backupImage(cluster, { image: plain.image(volume), target });
  expect(backup).toMatchObject({ kind: "full", reason: "first" });
});

it("does not take a source whose snapshot has the right name and other data", async () => {
  const volume = await newVolume();
  const image = plain.image(volume);
  const full = await cinder.backup(volume);
  await plain.rbd(["snap", "rm", "--no-progress", `${image}@${full.snapshot}`]);
  await write(cluster, image, 9 * mib, 1, 1);
  await createSnapshot(cluster, `${image}@${full.snapshot}`);
  const { imported, notExtensible } = await importChain(volume, full.base);
  expect(imported).toHaveLength(1);
  expect(notExtensible).toMatch(/differs from the backup, first at 8388608 bytes$/);
  const { backup } = await backupImage(cluster, { image, target });
  expect(backup).toMatchObject({ kind: "full", reason: "source-snapshot-replaced" });
});

it("imports a chain in an image named as before OpenStack Mitaka, and refuses a backup without a point", async () => {
  const volume = await newVolume();
  const full = await cinder.backup(volume, undefined, true);
  expect(full.base).toMatch(/\.backup\.base$/);
  const { imported, notExtensible } = await importChain(volume, full.base);
  expect(imported).toMatchObject([{ id: full.id, kind: "full" }]);
  expect(notExtensible).toBeNull();

  const bare = `volume-${randomUUID()}.backup.base`;
  await createImage(cluster, vault.image(bare), { size: mib });
  expect((await listBackups(target)).foreign).toMatchObject([
    { chain: bare, head: { backupId: null, size: mib } },
  ]);
  await expect(importChain(volume, bare)).rejects.toMatchObject({
    code: "UNSUPPORTED",
    object: vault.image(bare),
  });
  await createImage(cluster, vault.image("vm-1"), { size: mib });
  await expect(importChain(volume, "vm-1")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(importChain(volume, "volume-1.backup.2")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await nothingUnderWay();
});

it("imports the rest when its process was killed, and leaves no digests without a record", async () => {
  const volume = await newVolume();
  const full = await cinder.backup(volume);
  await write(cluster, plain.image(volume), 9 * mib, 700_000, 2);
  const second = await cinder.backup(volume, full);
  const options = { pool: vault.pool, chain: full.base, source: { image: plain.image(volume) } };
  const digests = async () => {
    const objects = String(await vault.run("rados", ["-p", vault.pool, "ls"])).split("\n");
    return objects.filter((name) =>
      [full, second].some(({ id }) => name.startsWith(`coppice.digests.${id}.`)),
    );
  };
  // Its fourth write is the record of the first point, its eighth that of the second.
  for (const [nth, records] of [
    [4, 0],
    [8, 1],
  ] as const) {
    const flow = { call: "importCinderChain", options } as const;
    const kill = { nth, late: false };
    expect(await runAndKill({ conf: plain.conf, kill, flow })).toMatchObject({ killed: true });
    expect(await digests()).toHaveLength(records + 1);
    await reconcile(cluster, { pools: [vault.pool] });
    await nothingUnderWay();
    expect(await digests()).toHaveLength(records);
    expect((await target.find(full.id)) !== null).toBe(records === 1);
  }
  const { imported, notExtensible } = await importCinderChain(cluster, options);
  expect(imported.map(({ id, parent }) => [id, parent])).toEqual([[second.id, full.id]]);
  expect(notExtensible).toBeNull();
  await checkDeep([full.id, second.id]);
});
