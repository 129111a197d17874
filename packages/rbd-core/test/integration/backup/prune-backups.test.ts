import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type BackupRecord,
  type BackupTarget,
  backupImage,
  openDirectoryTarget,
  openPoolTarget,
  pruneBackups,
  restoreBackup,
  verifyBackup,
} from "../../../src/backup/index.ts";
import { openImage } from "../../../src/image/image.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const pools = useOwnPool("prune", ["backups"]);
const { pool, witness } = pools;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "coppice-prune-"));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  ["a directory", () => openDirectoryTarget(folder, { create: true })],
  ["a pool", () => openPoolTarget(pools.cluster, { pool: pools.other("backups") })],
] as const)("prunes the backups in %s, and what is left restores byte-equal", async (name, open) => {
  const target: BackupTarget = await open();
  const image = `${pool}/${name.replace(" ", "-")}`;
  await witness.rbd("create", "--size", "8M", "--object-size", "1M", image);
  const backups: BackupRecord[] = [];
  const contents = new Map<string, string>();
  for (let i = 0; i < 5; i++) {
    await using source = await openImage(pools.cluster, image);
    await source.write(i * 700_000, randomBytes(300_000));
    await source[Symbol.asyncDispose]();
    const { backup } = await backupImage(pools.cluster, { image, target, protected: i === 1 });
    contents.set(backup.id, await witness.md5(`${image}@${backup.source.snapshot.name}`));
    backups.push(backup);
  }
  const ids = backups.map(({ id }) => id);
  const request = { target, retention: { keepLast: 2 }, image: backups[0]?.source, source: pools.cluster };

  const plan = await pruneBackups({ ...request, dryRun: true });
  expect(plan).toMatchObject({ removed: [], failed: [] });
  expect(plan.decisions.map(({ point }) => point.id)).toEqual(ids);
  expect(plan.decisions.map(({ reasons }) => reasons.map(({ rule }) => rule))).toEqual([
    [],
    ["protected"],
    [],
    ["last"],
    ["last"],
  ]);
  expect((await target.list({ source: backups[0]?.source })).points).toHaveLength(5);

  const pruned = await pruneBackups(request);
  expect(pruned.removed.map(({ id }) => id)).toEqual([ids[2], ids[0]]);
  expect(pruned.failed).toEqual([]);
  expect((await pruneBackups(request)).removed).toEqual([]);
  const { points } = await target.list({ source: backups[0]?.source });
  expect(points.map(({ id }) => id).toSorted()).toEqual([ids[1], ids[3], ids[4]].toSorted());
  for (const { id } of points) {
    const restored = `${pool}/restored-${id}`;
    await restoreBackup(pools.cluster, { target, backup: id, to: { kind: "new", image: restored } });
    expect(await witness.md5(restored)).toBe(contents.get(id));
    expect(await verifyBackup({ target, backup: id })).toMatchObject({ ok: true });
  }
  const next = await backupImage(pools.cluster, { image, target });
  expect(next.backup).toMatchObject({ kind: "incremental", parent: ids[4] });
  if (name === "a directory") expect(await readdir(folder)).toContain(points[0]?.chain);
});
