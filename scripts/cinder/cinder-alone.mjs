import { randomUUID } from "node:crypto";
import { openImage } from "rbd-core";
import { step } from "../prepare/output.mjs";
import { equal, gib, volumeRow, volumesPool } from "./clusters.mjs";

/** What Cinder does with nobody's help: its backups restore byte-equal, and go when they are deleted. */
export async function checkCinderAlone(clusters, cinder) {
  const { volumes, backups } = clusters;

  /** Backs up and notes what the restored volume has to be: the source's own snapshot of the backup, by plain `rbd`. */
  const backUp = async (volume, options = {}) => {
    const backup = await cinder.backup(volumes, volume, { id: randomUUID(), ...options });
    const snapshot = (await clusters.backupSnapshots(volumes, volume.name)).at(-1);
    const digest = await clusters.digest(volumes, `${volume.name}@${snapshot}`);
    return { ...backup, digest, size: volume.size };
  };
  const restoresEqual = async (backup, size = backup.size) => {
    const target = await clusters.newVolume(size);
    const restored = await cinder.restore(backup, volumes, target);
    if (size === backup.size)
      equal(await clusters.digest(volumes, target.name), backup.digest, "Restored by Cinder");
    equal(restored.metadata.purpose, "test", "The volume's metadata");
    return restored.seconds;
  };
  const deleteAll = async (volume, chain) => {
    for (const backup of chain) await cinder.delete(backup, volume);
    await clusters.nothingLeft();
  };

  await step("Cinder: full and incremental, grown in between, deleted from the middle", async () => {
    const volume = await clusters.newVolume(1);
    await clusters.change(volume);
    const full = await backUp(volume);
    await clusters.change(volume);
    const second = await backUp(volume, { parent: full });
    await clusters.grow(volume, 2);
    await clusters.change(volume);
    const third = await backUp(volume, { parent: second });
    const times = [];
    for (const each of [third, full, second]) times.push(await restoresEqual(each));
    console.log(
      `  full ${s(full)}, increments ${s(second)} ${s(third)}, restores ${times.map((t) => t.toFixed(1))} s`,
    );
    await cinder.delete(second, volume);
    await restoresEqual(third);
    await restoresEqual(full);
    await cinder.restore(full, volumes, { ...volume });
    await deleteAll(volume, [full, third]);
  });

  await step("Cinder: a volume with a parent", async () => {
    const template = await clusters.newVolume(1);
    await clusters.change(template);
    await clusters.snapshot(template, "base");
    const volume = volumeRow(`volume-${randomUUID()}`, 1);
    await clusters.rbd(volumes, "snap", "protect", `${volumesPool}/${template.name}@base`);
    await clusters.rbd(
      volumes,
      "clone",
      `${volumesPool}/${template.name}@base`,
      `${volumesPool}/${volume.name}`,
    );
    await clusters.change(volume);
    const full = await backUp(volume);
    await clusters.change(volume);
    const second = await backUp(volume, { parent: full });
    for (const each of [second, full]) await restoresEqual(each);
    await deleteAll(volume, [second, full]);
  });

  await step("Cinder: a volume in use", async () => {
    const volume = await clusters.newVolume(1);
    await clusters.change(volume);
    await using writer = await startWriter(clusters, volume);
    const full = await backUp(volume);
    const second = await backUp(volume, { parent: full });
    await writer.stop();
    if (full.digest === second.digest) throw new Error("The writer did not write.");
    for (const each of [full, second]) await restoresEqual(each);
    await deleteAll(volume, [full, second]);
  });

  await step("Cinder: the backup of a snapshot, in an image without restore points", async () => {
    const volume = await clusters.newVolume(1);
    await clusters.change(volume);
    await clusters.snapshot(volume, "monday");
    const digest = await clusters.digest(volumes, volume.name);
    const backup = {
      ...(await cinder.backup(volumes, volume, { id: randomUUID(), snapshot: "monday" })),
      digest,
      size: 1,
    };
    equal(
      (await clusters.rbd(backups, "ls", backups.pool)).trim(),
      `volume-${volume.id}.backup.base`,
      "Images",
    );
    console.log(`  copied in ${s(backup)}, restored in ${(await restoresEqual(backup)).toFixed(1)} s`);
    await deleteAll(volume, [backup]);
  });
}

const s = ({ seconds }) => `${seconds.toFixed(1)} s`;

/** A client that has the volume open and writes to it without a pause, until it is stopped. */
async function startWriter(clusters, volume) {
  const image = await openImage(clusters.volumes.cluster, `${volumesPool}/${volume.name}`);
  let stopped = false;
  const writing = (async () => {
    for (let turn = 0; !stopped; turn++) {
      await image.write((turn * 65_536) % gib, Buffer.alloc(4096, 1 + (turn % 255)));
    }
    await image.close();
  })();
  const stop = async () => {
    stopped = true;
    await writing;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}
