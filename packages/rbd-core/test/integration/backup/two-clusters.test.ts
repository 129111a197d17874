import { expect, it } from "vitest";
import {
  backupImage,
  deleteBackup,
  openPoolTarget,
  restoreBackup,
  verifyBackup,
} from "../../../src/backup/index.ts";
import { createImage } from "../../../src/image/image.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { mib, write } from "../../support/fill.ts";
import { useOwnCluster, usePlainRbd } from "../formats/use-plain-rbd.ts";

const { plain: here, cluster: near } = await usePlainRbd("backup-near");
const { plain: there, cluster: far } = await useOwnCluster("backup-far", { mgr: false });

it("backs up to another cluster, and restores from it", async () => {
  const image = here.image("vm-1");
  await createImage(near, image, { size: 16 * mib });
  const target = await openPoolTarget(far, { pool: there.pool });
  const made: { id: string; content: string }[] = [];
  for (let i = 0; i < 2; i++) {
    await write(near, image, i * 3 * mib, 2 * mib, i + 1);
    const { backup } = await backupImage(near, { image, target });
    expect(backup.kind).toBe(i === 0 ? "full" : "incremental");
    expect(backup.source.fsid).toBe(near.fsid);
    made.push({ id: backup.id, content: await here.contents(image) });
  }
  for (const { id, content } of made) {
    expect(await verifyBackup({ target, backup: id })).toMatchObject({ ok: true });
    const restored = here.image(`restored-${id}`);
    await restoreBackup(near, { target, backup: id, to: { kind: "new", image: restored } });
    expect(await here.contents(restored)).toBe(content);
  }
  const [first, second] = made;
  await write(near, image, 0, mib, 9);
  const place = { kind: "in-place", image } as const;
  const { foundBy } = await restoreBackup(near, { target, backup: second?.id ?? "", to: place });
  expect(foundBy).toBe("snapshot");
  expect(await here.contents(image)).toBe(second?.content);
  const instantly = { kind: "instant", image: here.image("instant") } as const;
  await expect(restoreBackup(near, { target, backup: first?.id ?? "", to: instantly })).rejects.toMatchObject(
    {
      code: "UNSUPPORTED",
    },
  );
  for (const { id } of made) await deleteBackup({ target, backup: id, source: near });
  expect(JSON.parse(String(await there.rbd(["ls", "--format", "json", there.pool])))).toEqual([]);
  expect(await listOperations(near, { pools: [here.pool] })).toEqual([]);
  expect(await listOperations(far, { pools: [there.pool] })).toEqual([]);
});
