import { writeSteps } from "rbd-native";
import { describe, expect, it } from "vitest";
import {
  type BackupRecord,
  backupImage,
  openPoolTarget,
  planRestore,
  restoreBackup,
} from "../../../src/backup/index.ts";
import { createNamespace } from "../../../src/cluster/cluster.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { mib, write } from "../../support/fill.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";

const { plain, cluster } = await usePlainRbd("restore");
const { plain: vault } = await usePlainRbd("restore-vault");
const openVault = () => openPoolTarget(cluster, { pool: vault.pool });

interface Backed {
  readonly image: string;
  readonly backups: readonly { readonly backup: BackupRecord; readonly content: string }[];
}

/** An image that was backed up three times, with writes in between and after, and other sizes. */
async function backedUp(name: string): Promise<Backed> {
  const image = plain.image(name);
  await createImage(cluster, image, { size: 20 * mib });
  await write(cluster, image, 0, 5 * mib, 1);
  const target = await openVault();
  const backups: { backup: BackupRecord; content: string }[] = [];
  for (const [i, size] of [24, 30, 18].entries()) {
    await plain.rbd(["resize", "--no-progress", "--allow-shrink", "--size", `${size}M`, image]);
    await write(cluster, image, (i + 1) * 4 * mib + 12_288, 900_000, i + 2);
    const { backup } = await backupImage(cluster, { image, target });
    backups.push({ backup, content: await plain.contents(image) });
  }
  await write(cluster, image, 2 * mib, 3 * mib, 99);
  return { image, backups };
}

async function nothingUnderWay(): Promise<void> {
  expect(await listOperations(cluster, { pools: [plain.pool, vault.pool] })).toEqual([]);
}

describe("restoreBackup", () => {
  it("to new images gives every point byte by byte, in another namespace and layout too", async () => {
    const { backups } = await backedUp("new");
    await createNamespace(cluster, plain.pool, "tenant");
    for (const [i, { backup, content }] of backups.entries()) {
      const image = i === 1 ? `${plain.pool}/tenant/restored` : plain.image(`restored-${i}`);
      const layout = i === 2 ? { stripeUnit: 65_536, stripeCount: 3 } : {};
      const to = { kind: "new", image, ...layout } as const;
      const result = await restoreBackup(cluster, { target: await openVault(), backup: backup.id, to });
      expect(await plain.contents(image)).toBe(content);
      expect(result).toMatchObject({ damaged: [], safetySnapshot: null });
      expect(result.bytesVerified).toBeGreaterThan(0);
    }
    await nothingUnderWay();
  });

  it("in place writes what differs alone, by the snapshot of the backup and by the digests", async () => {
    const { image, backups } = await backedUp("place");
    const target = await openVault();
    const [oldest, middle, newest] = backups;
    if (oldest === undefined || middle === undefined || newest === undefined)
      throw new Error("three backups");
    const after = await plain.contents(image);
    const restore = async ({ backup, content }: (typeof backups)[number], safetySnapshot: boolean) => {
      const to = { kind: "in-place", image, safetySnapshot } as const;
      const result = await restoreBackup(cluster, { target, backup: backup.id, to });
      expect(await plain.contents(image)).toBe(content);
      expect(result.damaged).toEqual([]);
      return result;
    };
    const byDigests = await restore(oldest, true);
    expect(byDigests.foundBy).toBe("digests");
    expect(await plain.contents(`${image}@${byDigests.safetySnapshot}`)).toBe(after);
    // What was cut off and grown again is not forgotten.
    const bySnapshot = await restore(newest, false);
    expect(bySnapshot).toMatchObject({ foundBy: "snapshot", safetySnapshot: null });
    await write(cluster, image, 9 * mib, 4096, 7);
    const request = { target, backup: newest.backup.id, to: { kind: "in-place", image } as const };
    const plan = await planRestore(cluster, request);
    expect(plan).toMatchObject({ conflicts: [], estimatedBy: "changes" });
    const little = await restore(newest, false);
    // What the restores before wrote counts for the plan as well.
    expect(plan.bytesToWrite).toBeGreaterThanOrEqual(little.bytesWritten);
    expect(plan.bytesToWrite).toBeLessThan(plan.size);
    expect(little.foundBy).toBe("snapshot");
    expect(little.bytesWritten).toBeLessThanOrEqual(mib);
    await restore(middle, false);
    await nothingUnderWay();
  });

  it("in place refuses an image that is in use, and names who uses it", async () => {
    const { image, backups } = await backedUp("used");
    await using _open = await openImage(cluster, image);
    const to = { kind: "in-place", image } as const;
    const request = { target: await openVault(), backup: backups[0]?.backup.id ?? "", to };
    const { conflicts } = await planRestore(cluster, request);
    expect(conflicts).toMatchObject([{ code: "BUSY", message: expect.stringContaining("client.") }]);
    const restoring = restoreBackup(cluster, request);
    await expect(restoring).rejects.toMatchObject({
      code: "BUSY",
      message: expect.stringContaining("client."),
    });
    await nothingUnderWay();
  });

  it("instantly gives a clone, which is to be flattened", async () => {
    const { backups } = await backedUp("instant");
    const [{ backup, content } = { backup: undefined, content: "" }] = backups;
    const image = plain.image("instantly");
    const to = { kind: "instant", image } as const;
    await restoreBackup(cluster, { target: await openVault(), backup: backup?.id ?? "", to });
    expect(await plain.contents(image)).toBe(content);
    const info = JSON.parse(String(await plain.rbd(["info", "--format", "json", image])));
    expect(info.parent).toMatchObject({ pool: vault.pool, image: backup?.chain });
    expect(String(await plain.rbd(["image-meta", "get", image, "coppice.flatten"]))).toContain("image");
  });

  it("to files that plain rbd takes", async () => {
    const { backups } = await backedUp("files");
    const target = await openVault();
    const { backup, content } = backups[1] ?? { backup: undefined, content: "" };
    const id = backup?.id ?? "";
    for (const format of ["raw", "diff"] as const) {
      const to = { kind: "file", path: plain.file(format), format } as const;
      await restoreBackup(cluster, { target, backup: id, to });
    }
    const [raw, diff] = [plain.image("from-raw"), plain.image("from-diff")];
    await plain.rbd(["import", "--no-progress", plain.file("raw"), raw]);
    await plain.rbd(["create", "--size", "1M", diff]);
    await plain.rbd(["import-diff", "--no-progress", plain.file("diff"), diff]);
    expect(await plain.contents(raw)).toBe(content);
    expect(await plain.contents(diff)).toBe(content);
  });

  it("finds a bit that was flipped in the backup, and keeps nothing unless told to", async () => {
    const { backups } = await backedUp("flipped");
    const target = await openVault();
    const { backup, content } = backups[0] ?? { backup: undefined, content: "" };
    const info = JSON.parse(
      String(await vault.rbd(["info", "--format", "json", vault.image(backup?.chain ?? "")])),
    );
    const pool = await cluster.pool(vault.pool);
    await pool.objects.write(`${info.block_name_prefix}.0000000000000000`, [
      writeSteps.write(4097, Buffer.from([0])),
    ]);
    const image = plain.image("never");
    const options = { target, backup: backup?.id ?? "", to: { kind: "new", image } as const };
    await expect(restoreBackup(cluster, options)).rejects.toMatchObject({
      code: "VERIFICATION_FAILED",
      message: expect.stringContaining("offset 0"),
    });
    await expect(openImage(cluster, image)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await restoreBackup(cluster, { ...options, acceptDamaged: true })).damaged).toEqual([0]);
    expect(await plain.contents(image)).not.toBe(content);
    await nothingUnderWay();
  });
});
