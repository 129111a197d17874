import { randomUUID } from "node:crypto";
import {
  backupImage,
  deleteBackup,
  importCinderChain,
  listBackups,
  openPoolTarget,
  restoreBackup,
  verifyBackup,
} from "rbd-core";
import { step } from "../prepare/output.mjs";
import { equal, volumesPool } from "./clusters.mjs";

/**
 * Each other's backups: Cinder's restore and go on here (`cinder`), and ours restore and are deleted with Cinder (`coppice`).
 * @param {string[]} which
 */
export async function checkCinderAndCoppice(clusters, cinder, which) {
  const { volumes, backups } = clusters;
  const target = await openPoolTarget(backups.cluster, { pool: backups.pool });

  /** What the source held at a backup, by its own snapshot and plain `rbd`. */
  const noted = async (backup, volume) => {
    const snapshot = (await clusters.backupSnapshots(volumes, volume.name)).at(-1);
    return {
      ...backup,
      digest: await clusters.digest(volumes, `${volume.name}@${snapshot}`),
      size: volume.size,
    };
  };
  const byCinder = async (volume, options = {}) =>
    noted(await cinder.backup(volumes, volume, { id: randomUUID(), ...options }), volume);
  /** The row that Cinder's database would need for a backup of ours. */
  const byUs = async (volume, options = {}) => {
    const image = `${volumesPool}/${volume.name}`;
    const { backup } = await backupImage(volumes.cluster, { image, target, ...options });
    const row = {
      id: backup.id,
      volume_id: volume.id,
      container: backups.pool,
      parent_id: backup.parent,
      snapshot_id: null,
      service_metadata: JSON.stringify({ base: backup.chain }),
    };
    return noted({ ...row, kind: backup.kind }, volume);
  };
  const cinderRestores = async (backup) => {
    const volume = await clusters.newVolume(backup.size);
    const restored = await cinder.restore(backup, volumes, volume);
    equal(await clusters.digest(volumes, volume.name), backup.digest, `${backup.id}, restored by Cinder`);
    return restored;
  };
  const coppiceRestores = async (backup) => {
    const name = `restored-${randomUUID()}`;
    const to = { kind: "new", image: `${volumesPool}/${name}` };
    const result = await restoreBackup(volumes.cluster, { target, backup: backup.id, to });
    equal(await clusters.digest(volumes, name), backup.digest, `${backup.id}, restored by Coppice`);
    return result.backup;
  };
  const import_ = (volume, chain) => {
    const source = { cluster: volumes.cluster, image: `${volumesPool}/${volume.name}` };
    return importCinderChain(backups.cluster, { pool: backups.pool, chain, source });
  };
  const remove = (backup) => deleteBackup({ target, backup, source: volumes.cluster });
  const verifies = async (...ids) => {
    for (const id of ids) {
      const { ok, problems } = await verifyBackup({ target, backup: id });
      equal(ok, true, `The digests of ${id}: ${problems.join(", ")}`);
    }
  };
  const nothingLeft = async () => {
    await clusters.nothingLeft(["coppice.backups", "coppice.operations"]);
    equal((await target.list()).points.length, 0, "Records");
  };

  const cindersChain = () =>
    step(
      "Cinder's chain: imported, restored, extended by Coppice and by Cinder, pruned by Coppice",
      async () => {
        const volume = await clusters.newVolume(1);
        await clusters.change(volume);
        const first = await byCinder(volume);
        await clusters.change(volume);
        const second = await byCinder(volume, { parent: first });
        await clusters.grow(volume, 2);
        await clusters.change(volume);
        const third = await byCinder(volume, { parent: second });
        const { base: chain } = JSON.parse(first.service_metadata);
        const { foreign } = await listBackups(target);
        equal(foreign.length, 1, "Chains of Cinder's");
        equal(
          foreign[0].points.map(({ id, kind }) => `${kind} ${id}`).join(", "),
          `full ${first.id}, incremental ${second.id}, incremental ${third.id}`,
          "Cinder's points",
        );
        const { imported, notExtensible } = await import_(volume, chain);
        equal((await listBackups(target)).foreign.length, 0, "Chains of Cinder's after the import");
        equal(
          imported.map(({ id }) => id).join(" "),
          [first, second, third].map(({ id }) => id).join(" "),
          "Imported",
        );
        equal(notExtensible, null, "Why it cannot be extended");
        for (const each of [second, third]) {
          const { volumeMetadata } = await coppiceRestores(each);
          equal(
            JSON.parse(volumeMetadata)["volume-base-metadata"].display_name,
            volume.display_name,
            "Metadata",
          );
        }
        await clusters.change(volume);
        const fourth = await byUs(volume);
        equal(fourth.kind, "incremental", "The backup on Cinder's");
        equal(fourth.parent_id, third.id, "Its parent");
        await cinderRestores(fourth);
        await clusters.change(volume);
        const fifth = await byCinder(volume, { parent: fourth });
        await import_(volume, chain);
        await coppiceRestores(fifth);
        await remove(second.id);
        for (const each of [first, third]) await cinderRestores(each);
        await verifies(first.id, third.id, fourth.id, fifth.id);
        for (const each of [fourth, first, third, fifth]) await cinder.delete(each, volume);
        equal((await target.list()).problems.length, 4, "Records whose data Cinder has deleted");
        for (const { id } of (await target.list()).points) await remove(id);
        await nothingLeft();
      },
    );

  const ourChain = () =>
    step(
      "Coppice's chain: restored and deleted by Cinder, also after it was pruned in the middle",
      async () => {
        const volume = await clusters.newVolume(1);
        const volumeMetadata = JSON.stringify({
          version: 2,
          "volume-base-metadata": { id: volume.id, display_name: volume.display_name },
          "volume-metadata": volume.metadata,
        });
        const chain = [];
        for (let count = 0; count < 4; count++) {
          await clusters.change(volume);
          chain.push(await byUs(volume, { volumeMetadata }));
        }
        const [first, second, third, fourth] = chain;
        equal(chain.map(({ kind }) => kind).join(" "), "full incremental incremental incremental", "Kinds");
        const restored = await cinderRestores(third);
        equal(restored.metadata.purpose, volume.metadata.purpose, "The volume's metadata");
        await remove(second.id);
        for (const each of [first, third, fourth]) await cinderRestores(each);
        await cinder.delete(third, volume);
        await coppiceRestores(fourth);
        await remove(third.id);
        await coppiceRestores(fourth);
        await remove(first.id);
        await cinderRestores(fourth);
        await cinder.delete(fourth, volume);
        await remove(fourth.id);
        await nothingLeft();
      },
    );

  if (which.includes("cinder")) await cindersChain();
  if (which.includes("coppice")) await ourChain();
}
