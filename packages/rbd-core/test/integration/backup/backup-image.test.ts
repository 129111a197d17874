import { describe, expect, it } from "vitest";
import { type BackupTarget, backupImage, openPoolTarget } from "../../../src/backup/index.ts";
import { createImage } from "../../../src/image/image.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { mib, write } from "../../support/fill.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";

const { plain, cluster } = await usePlainRbd("backup");
const { plain: vault } = await usePlainRbd("vault");

async function snapshotsOf(spec: string): Promise<string[]> {
  const listed = JSON.parse(String(await plain.rbd(["snap", "ls", "--format", "json", spec])));
  return (listed as { name: string }[]).map(({ name }) => name);
}

async function nothingUnderWay(): Promise<void> {
  expect(await listOperations(cluster, { pools: [plain.pool, vault.pool] })).toEqual([]);
}

const openVault = (): Promise<BackupTarget> => openPoolTarget(cluster, { pool: vault.pool });

describe("backupImage", () => {
  it("makes a chain whose points hold what the image held", async () => {
    const image = plain.image("vm-1");
    await createImage(cluster, image, { size: 24 * mib });
    await write(cluster, image, 0, 3 * mib, 1);
    const target = await openVault();
    const wanted = new Map<string, string>();
    for (let i = 1; i <= 3; i++) {
      await write(cluster, image, i * 5 * mib, 700_000, i + 1);
      const content = await plain.contents(image);
      const { backup, retired } = await backupImage(cluster, { image, target, labels: { run: String(i) } });
      wanted.set(
        `${vault.pool}/${backup.chain}@${backup.stored.kind === "snapshot" && backup.stored.name}`,
        content,
      );
      expect(backup).toMatchObject({
        kind: i === 1 ? "full" : "incremental",
        reason: i === 1 ? "first" : "extended",
      });
      expect(backup.labels).toEqual({ run: String(i) });
      expect(retired.removed).toHaveLength(i === 1 ? 0 : 1);
      expect(await snapshotsOf(image)).toEqual([backup.source.snapshot.name]);
      if (i > 1) expect(backup.transfer.bytesWritten).toBeLessThan(4 * mib);
    }
    for (const [spec, content] of wanted) expect(await plain.contents(spec), spec).toBe(content);
    const { points, problems } = await target.list();
    expect(problems).toEqual([]);
    expect(points).toHaveLength(3);
    await nothingUnderWay();
  });

  it("is full, and says why, when the source's snapshot is gone", async () => {
    const image = plain.image("vm-2");
    await createImage(cluster, image, { size: 8 * mib });
    await write(cluster, image, 0, mib, 1);
    const target = await openVault();
    const { backup: first } = await backupImage(cluster, { image, target });
    await plain.rbd(["snap", "rm", "--no-progress", `${image}@${first.source.snapshot.name}`]);
    await expect(backupImage(cluster, { image, target, kind: "incremental" })).rejects.toMatchObject({
      code: "NOT_A_COPY",
    });
    await nothingUnderWay();
    const { backup } = await backupImage(cluster, { image, target });
    expect(backup).toMatchObject({ kind: "full", reason: "source-snapshot-missing" });
    expect(backup.chain).not.toBe(first.chain);
    await nothingUnderWay();
  });

  it("leaves everything as it was when it is aborted", async () => {
    const image = plain.image("vm-3");
    await createImage(cluster, image, { size: 64 * mib });
    await write(cluster, image, 0, 20 * mib, 1);
    const target = await openVault();
    const { backup: first } = await backupImage(cluster, { image, target });
    await write(cluster, image, 0, 20 * mib, 2);
    const before = await plain.contents(`${vault.pool}/${first.chain}`);
    for (const kind of ["incremental", "full"] as const) {
      const abort = new AbortController();
      const onProgress = ({ phase }: { phase: string }) =>
        phase === "copying" && abort.abort(new Error("enough"));
      const aborted = backupImage(cluster, { image, target, kind, signal: abort.signal, onProgress });
      await expect(aborted).rejects.toThrow("enough");
      expect(await snapshotsOf(image)).toEqual([first.source.snapshot.name]);
      expect(await plain.contents(`${vault.pool}/${first.chain}`)).toBe(before);
      expect((await target.list()).points.filter(({ chain }) => chain === first.chain)).toHaveLength(1);
      await nothingUnderWay();
    }
  });
});
