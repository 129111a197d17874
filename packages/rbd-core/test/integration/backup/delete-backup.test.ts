import { writeSteps } from "rbd-native";
import { describe, expect, it } from "vitest";
import {
  type BackupRecord,
  type BackupTarget,
  backupDependants,
  backupImage,
  deleteBackup,
  listBackups,
  openPoolTarget,
  restoreBackup,
  verifyBackup,
} from "../../../src/backup/index.ts";
import { deletionPlan } from "../../../src/deletion/index.ts";
import { createImage } from "../../../src/image/image.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { mib, write } from "../../support/fill.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";

const { plain, cluster } = await usePlainRbd("delete");
const { plain: vault } = await usePlainRbd("delete-vault");
const openVault = () => openPoolTarget(cluster, { pool: vault.pool });

interface Backed {
  readonly backup: BackupRecord;
  readonly content: string;
}

/** Backs an image up so often that its blocks are changed in several of the backups, wholly and in parts. */
async function backedUp(image: string, target: BackupTarget, count: number): Promise<Backed[]> {
  await createImage(cluster, image, { size: 20 * mib });
  const made: Backed[] = [];
  for (let i = 0; i < count; i++) {
    await write(cluster, image, i * mib, 2 * mib, i + 1);
    await write(cluster, image, 9 * mib + i * 4096, 40_000, 100 + i);
    const { backup } = await backupImage(cluster, { image, target });
    made.push({ backup, content: await plain.contents(image) });
  }
  return made;
}

const pointSpec = ({ stored }: BackupRecord) =>
  stored.kind === "snapshot" ? `${vault.pool}/${stored.image}@${stored.name}` : "";

/** Without data objects: the OSDs remove what snapshots held some time later. */
async function vaultObjects(): Promise<string[]> {
  const listed = String(await vault.run("rados", ["-p", vault.pool, "ls"]));
  return listed.split("\n").filter((name) => /^(coppice\.digests|backup|rbd_header|rbd_id)\./.test(name));
}

describe("deleteBackup", () => {
  it("removes any backup of a chain; the others stay whole, and the image goes with the last", async () => {
    const image = plain.image("vm-1");
    const target = await openVault();
    const left = await backedUp(image, target, 4);
    const { points } = await target.list();
    expect(points).toHaveLength(4);
    // The oldest, one in the middle, the newest; then one after the other.
    for (const index of [0, 1, 1, 0]) {
      const [{ backup }] = left.splice(index, 1) as [Backed];
      await deleteBackup({ target, backup: backup.id, source: cluster });
      for (const { backup, content } of left) {
        expect(await plain.contents(pointSpec(backup))).toBe(content);
        const check = await verifyBackup({ target, backup: backup.id });
        expect(check).toMatchObject({ ok: true, problems: [] });
      }
      expect(
        (await listBackups(target)).chains.flatMap(({ backups }) => backups.map(({ id }) => id)),
      ).toEqual(left.map(({ backup }) => backup.id));
    }
    expect(await vaultObjects()).toEqual([]);
    expect(JSON.parse(String(await plain.rbd(["snap", "ls", "--format", "json", image])))).toEqual([]);
    expect(await listOperations(cluster, { pools: [plain.pool, vault.pool] })).toEqual([]);
  });

  it("leaves the snapshots of others, and what is cloned", async () => {
    const image = plain.image("vm-2");
    const target = await openVault();
    const [{ backup }] = (await backedUp(image, target, 1)) as [Backed];
    await plain.rbd(["snap", "create", "--no-progress", `${vault.pool}/${backup.chain}@mine`]);
    const to = { kind: "instant", image: plain.image("clone") } as const;
    await restoreBackup(cluster, { target, backup: backup.id, to });
    await expect(deleteBackup({ target, backup: backup.id })).rejects.toMatchObject({
      code: "BUSY",
      message: expect.stringContaining(`${plain.pool}/clone`),
    });
    await plain.rbd(["flatten", "--no-progress", plain.image("clone")]);
    await deleteBackup({ target, backup: backup.id });
    const snapshots = JSON.parse(
      String(await vault.rbd(["snap", "ls", "--format", "json", `${vault.pool}/${backup.chain}`])),
    );
    expect(snapshots).toMatchObject([{ name: "mine" }]);
  });

  it("the snapshot that the next increment needs blocks its removal in a plan", async () => {
    const image = plain.image("vm-3");
    const target = await openVault();
    const [, { backup }] = (await backedUp(image, target, 2)) as [Backed, Backed];
    const findDependants = backupDependants(cluster, [target]);
    const plan = await deletionPlan(cluster, `${image}@${backup.source.snapshot.name}`, { findDependants });
    expect(plan.blockers).toMatchObject([{ kind: "dependant", object: expect.stringContaining(backup.id) }]);
  });
});

describe("verifyBackup", () => {
  it("finds a flipped bit by reading, records it, and the damaged chain is not built on", async () => {
    const image = plain.image("vm-4");
    const target = await openVault();
    const [, { backup }] = (await backedUp(image, target, 2)) as [Backed, Backed];
    for (const depth of ["quick", "deep", "source"] as const) {
      const options = { target, backup: backup.id, depth, source: cluster };
      expect(await verifyBackup(options), depth).toMatchObject({ ok: true });
    }
    const info = JSON.parse(String(await vault.rbd(["info", "--format", "json", vault.image(backup.chain)])));
    const pool = await cluster.pool(vault.pool);
    await pool.objects.write(`${info.block_name_prefix}.0000000000000002`, [
      writeSteps.write(mib + 5, Buffer.from([0])),
    ]);
    const check = await verifyBackup({ target, backup: backup.id });
    expect(check).toMatchObject({
      ok: false,
      problemCount: 1,
      problems: [expect.stringContaining("block 2")],
    });
    expect((await target.find(backup.id))?.checks.deep).toEqual(check);
    const next = await backupImage(cluster, { image, target });
    expect(next.backup).toMatchObject({ kind: "full", reason: "parent-damaged" });
  });
});
