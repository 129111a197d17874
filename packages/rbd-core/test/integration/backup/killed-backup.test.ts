import { describe, expect, it } from "vitest";
import {
  type BackupRecord,
  backupImage,
  deleteBackup,
  openPoolTarget,
  restoreBackup,
  verifyBackup,
} from "../../../src/backup/index.ts";
import { createImage } from "../../../src/image/image.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import type { DyingBackup } from "../../support/backup-and-die.ts";
import { runUntilDead } from "../../support/dead-clients.ts";
import { mib, write } from "../../support/fill.ts";
import { isSoak } from "../../support/soak.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";

const { plain, cluster } = await usePlainRbd("killed");
const { plain: vault } = await usePlainRbd("killed-vault");
const pools = [plain.pool, vault.pool];
const target = await openPoolTarget(cluster, { pool: vault.pool });

/** At which changes a process dies: in a soak run before and after each of them, until it is not reached any more. */
const instants = isSoak
  ? Array.from({ length: 200 }, (_, i) => ({ nth: Math.floor(i / 2) + 1, late: i % 2 === 1 }))
  : [
      { nth: 8, late: false },
      { nth: 15, late: true },
    ];

interface Prepared {
  readonly image: string;
  /** What every committed backup must hold, by its id. */
  readonly contents: Map<string, string>;
  readonly backups: readonly BackupRecord[];
}

let images = 0;

async function prepare(count: number): Promise<Prepared> {
  const image = plain.image(`vm-${++images}`);
  await createImage(cluster, image, { size: 12 * mib });
  const contents = new Map<string, string>();
  const backups: BackupRecord[] = [];
  for (let i = 0; i < count; i++) {
    await write(cluster, image, i * 3 * mib, 2 * mib, i + 1);
    const { backup } = await backupImage(cluster, { image, target });
    backups.push(backup);
    contents.set(backup.id, await plain.contents(image));
  }
  await write(cluster, image, mib, 5 * mib, 50);
  return { image, contents, backups };
}

async function listed(command: string[]): Promise<string[]> {
  const names = JSON.parse(String(await plain.rbd([...command, "--format", "json"]))) as { name: string }[];
  return names.map(({ name }) => name).toSorted();
}

/** Every committed backup holds what it held, and there is nothing in the vault that no record accounts for. */
async function checkVault(
  contents: ReadonlyMap<string, string>,
  where: string,
): Promise<readonly BackupRecord[]> {
  const { points, problems } = await target.list();
  expect(problems, where).toEqual([]);
  for (const { id, stored, state } of points) {
    expect(state, where).toBe("complete");
    const spec = stored.kind === "snapshot" ? `${vault.pool}/${stored.image}@${stored.name}` : "";
    const wanted = contents.get(id);
    if (wanted !== undefined) expect(await plain.contents(spec), where).toBe(wanted);
  }
  const chains = Map.groupBy(points, ({ chain }) => chain);
  const inVault = JSON.parse(String(await vault.rbd(["ls", "--format", "json", vault.pool]))) as string[];
  expect(inVault.toSorted(), where).toEqual([...chains.keys()].toSorted());
  for (const [chain, some] of chains) {
    const names = some.map(({ source }) => source.snapshot.name).toSorted();
    expect(await listed(["snap", "ls", `${vault.pool}/${chain}`]), where).toEqual(names);
  }
  const objects = String(await vault.run("rados", ["-p", vault.pool, "ls"])).split("\n");
  const beside = objects.filter((name) => /^(coppice\.digests|backup)\./.test(name));
  const digests = points.map(({ id, digests }) => `coppice.digests.${id}.${digests.generation}.0`);
  expect(beside.toSorted(), where).toEqual(digests.toSorted());
  expect(await listOperations(cluster, { pools }), where).toEqual([]);
  return points;
}

type Work = DyingBackup["work"];

describe("killed at every change", { timeout: 900_000 }, () => {
  async function killEach(
    make: () => Promise<Prepared & { work: Work }>,
    check: (prepared: Prepared, where: string, died: boolean) => Promise<void>,
  ) {
    for (const { nth, late } of instants) {
      const { work, ...prepared } = await make();
      const dying: DyingBackup = {
        conf: plain.conf,
        vault: vault.pool,
        image:
          work.do === "restore" && work.kind !== "in-place" ? `${prepared.image}-restored` : prepared.image,
        work,
        death: { nth, late },
      };
      const died = await runUntilDead("backup-and-die.ts", dying);
      const reconciled = died ? await reconcile(cluster, { pools }) : [];
      const where = `killed at change ${nth}${late ? ", after it" : ""}: ${reconciled.map(({ outcome, what }) => `${outcome}: ${what}`)}`;
      // What was interrupted on the source is settled together with the chain, which is then not interrupted any more.
      expect(
        reconciled.filter(({ outcome }) => outcome === "failed"),
        where,
      ).toEqual([]);
      await check(prepared, where, died);
      if (!died) return;
    }
  }

  it.each(["full", "incremental"] as const)(
    "an %s backup is undone or complete, and the next one succeeds",
    (kind) =>
      killEach(
        async () => ({ ...(await prepare(1)), work: { do: kind } }),
        async ({ image, contents }, where) => {
          const content = await plain.contents(image);
          const points = await checkVault(contents, where);
          const own = points.filter(({ source }) => `${source.poolName}/${source.imageName}` === image);
          const snapshots = own.map(({ source }) => source.snapshot.name);
          const newest = snapshots.at(-1);
          for (const name of await listed(["snap", "ls", image])) expect(snapshots, where).toContain(name);
          const made = own.find(({ id }) => !contents.has(id));
          if (made !== undefined) contents.set(made.id, content);
          else expect(await listed(["snap", "ls", image]), where).toEqual([newest]);
          const { backup } = await backupImage(cluster, { image, target });
          contents.set(backup.id, content);
          expect(backup.kind, where).toBe("incremental");
          await checkVault(contents, where);
          expect(await listed(["snap", "ls", image]), where).toEqual([backup.source.snapshot.name]);
          await forget(image, [...contents.keys()]);
        },
      ),
  );

  it.each(isSoak ? [0, 1, 2] : [1])("the removal of backup %i of a chain is undone or finished", (index) =>
    killEach(
      async () => {
        const prepared = await prepare(index === 2 ? 1 : 3);
        const backup = prepared.backups[index === 2 ? 0 : index]?.id ?? "";
        return { ...prepared, work: { do: "delete", backup } };
      },
      async ({ image, contents }, where) => {
        const points = await checkVault(contents, where);
        for (const { id } of points)
          expect((await verifyBackup({ target, backup: id })).ok, where).toBe(true);
        await forget(
          image,
          points.map(({ id }) => id),
        );
      },
    ),
  );

  it.each(isSoak ? (["new", "in-place", "instant"] as const) : (["new", "in-place"] as const))(
    "a restore (%s) is undone, or succeeds again",
    (kind) =>
      killEach(
        async () => {
          const prepared = await prepare(1);
          return { ...prepared, work: { do: "restore", backup: prepared.backups[0]?.id ?? "", kind } };
        },
        async ({ image, contents, backups }, where) => {
          const [backup] = backups;
          const restored = kind === "in-place" ? image : `${image}-restored`;
          const exists = kind === "in-place" ? false : (await imagesOf(plain.pool)).includes(restored);
          if (!exists)
            await restoreBackup(cluster, { target, backup: backup?.id ?? "", to: { kind, image: restored } });
          expect(await plain.contents(restored), where).toBe(contents.get(backup?.id ?? ""));
          await checkVault(contents, where);
          if (kind !== "in-place") await plain.rbd(["rm", "--no-progress", restored]);
          await forget(image, [backup?.id ?? ""]);
        },
      ),
  );

  async function imagesOf(pool: string): Promise<string[]> {
    const names = JSON.parse(String(await plain.rbd(["ls", "--format", "json", pool]))) as string[];
    return names.map((name) => `${pool}/${name}`);
  }

  /** So that the vault does not fill up. */
  async function forget(image: string, ids: readonly string[]): Promise<void> {
    for (const backup of ids) await deleteBackup({ target, backup, source: cluster });
    await plain.rbd(["snap", "purge", "--no-progress", image]);
    await plain.rbd(["rm", "--no-progress", image]);
  }
});
