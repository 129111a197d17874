import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { startTemporaryCluster } from "@coppice/dev-cluster";
import { connect, createImage, createSnapshot, extendVolume, openImage } from "rbd-core";
import { UserError } from "../prepare/output.mjs";

const run = promisify(execFile);
export const gib = 2 ** 30;
const mib = 2 ** 20;
export const volumesPool = "volumes";
export const backupsPool = "backups";

/** Two private clusters: one with the volumes, one with the backups. `rbd` is the witness of what is in them. */
export class Clusters {
  /** Path of the conf, and the connection, of the cluster with the volumes, and of the one with the backups. */
  volumes;
  backups;
  #stop;

  static async start() {
    const started = [];
    const stop = async () => {
      for (const each of started.reverse()) await each();
    };
    try {
      const places = [];
      for (const pool of [volumesPool, backupsPool]) {
        const { conf, stop } = await startTemporaryCluster({ prefix: "coppice-cinder", mgr: false });
        started.push(stop);
        const cluster = await connect({ conf });
        started.push(() => cluster.close());
        await cluster.createPool(pool);
        places.push({ conf, cluster, pool });
      }
      const clusters = new Clusters();
      [clusters.volumes, clusters.backups] = places;
      clusters.#stop = stop;
      return clusters;
    } catch (error) {
      await stop();
      throw error;
    }
  }

  async stop() {
    await this.#stop();
  }

  /** A volume as Cinder names it, empty. */
  async newVolume(sizeGiB, name = `volume-${randomUUID()}`) {
    const volume = volumeRow(name, sizeGiB);
    await createImage(this.volumes.cluster, `${volumesPool}/${name}`, { size: sizeGiB * gib });
    return volume;
  }

  /** Writes random data into 16 places of the volume, some of them unaligned, and zeroes over a few more. */
  async change(volume) {
    await using image = await openImage(this.volumes.cluster, `${volumesPool}/${volume.name}`);
    const size = volume.size * gib;
    for (let place = 0; place < 16; place++) {
      const offset = Math.floor((Math.random() * (size - mib)) / 512) * 512;
      await image.write(offset, randomBytes(512 * (1 + Math.floor(Math.random() * 512))));
    }
    for (let place = 0; place < 4; place++) {
      const offset = Math.floor((Math.random() * (size - 4 * mib)) / mib) * mib;
      await image.writeZeroes(offset, 2 * mib);
    }
    await image.flush();
  }

  async grow(volume, sizeGiB) {
    await extendVolume(this.volumes.cluster, {
      volume: `${volumesPool}/${volume.name}`,
      size: sizeGiB * gib,
    });
    volume.size = sizeGiB;
  }

  async snapshot(volume, name) {
    await createSnapshot(this.volumes.cluster, `${volumesPool}/${volume.name}@${name}`);
  }

  /** Runs plain `rbd` on one of the clusters. */
  async rbd(place, ...args) {
    return (await run("rbd", ["-c", place.conf, ...args])).stdout;
  }

  async rados(place, ...args) {
    return (await run("rados", ["-c", place.conf, "-p", place.pool, ...args])).stdout;
  }

  /** SHA-256 of all bytes of an image or a snapshot, as `rbd export` gives them. */
  async digest(place, image) {
    const child = spawn("rbd", ["-c", place.conf, "export", "--no-progress", `${place.pool}/${image}`, "-"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const hash = createHash("sha256");
    for await (const chunk of child.stdout) hash.update(chunk);
    const code = await ended;
    if (code !== 0) throw new UserError(`rbd export ${image} ended with exit code ${code}`);
    return hash.digest("hex");
  }

  /** The names of the snapshots of an image that are backups, oldest first. */
  async backupSnapshots(place, image) {
    const listed = JSON.parse(
      await this.rbd(place, "snap", "ls", `${place.pool}/${image}`, "--format", "json"),
    );
    return listed.map(({ name }) => name).filter((name) => /^backup\.[a-z0-9-]+\.snap\./.test(name));
  }

  /**
   * Waits until nothing lies in the backup pool but what RBD itself keeps in each pool, and `others`. OSDs remove the objects of a
   * removed snapshot by and by.
   */
  async nothingLeft(others = []) {
    const expected = ["rbd_directory", "rbd_info", "rbd_trash", "rbd_children", ...others];
    const deadline = Date.now() + 120_000;
    for (;;) {
      const objects = (await this.rados(this.backups, "ls", "--all")).split("\n").map((line) => line.trim());
      const left = objects.filter((name) => name !== "" && !expected.includes(name));
      if (left.length === 0) return;
      if (Date.now() > deadline) throw new UserError(`Left in the backup pool: ${left.join(" ")}`);
      await setTimeout(500);
    }
  }
}

/** What Cinder's database knows of the volume in an image. */
export function volumeRow(name, size) {
  const id = /^volume-([0-9a-f-]{36})$/.exec(name)?.[1] ?? name;
  return {
    id,
    name,
    size,
    display_name: `Disk ${id.slice(0, 4)}`,
    display_description: "with an é",
    volume_type_id: null,
    metadata: { purpose: "test" },
    glance_metadata: { image_id: "an-image", os_distro: "debian" },
  };
}

export function equal(actual, expected, what) {
  if (actual !== expected) throw new UserError(`${what}: ${actual} instead of ${expected}`);
}
