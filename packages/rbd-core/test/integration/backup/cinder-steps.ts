import { randomUUID } from "node:crypto";
import type { PlainRbd } from "../formats/plain-rbd.ts";

export interface CinderBackup {
  readonly id: string;
  /** The image in the backup pool. */
  readonly base: string;
  /** The snapshot's name, on the source and the base. */
  readonly snapshot: string;
  /** SHA-256 of what the source held. */
  readonly content: string;
}

/**
 * The steps of Cinder's Ceph backup driver by plain `rbd`. That the driver does the same is what
 * `scripts/check-cinder.mjs` runs it for.
 */
export class CinderSteps {
  readonly #source: PlainRbd;
  readonly #vault: PlainRbd;

  constructor(source: PlainRbd, vault: PlainRbd) {
    this.#source = source;
    this.#vault = vault;
  }

  async backup(volume: string, parent?: CinderBackup, legacy = false): Promise<CinderBackup> {
    const id = randomUUID();
    const image = this.#source.image(volume);
    const { size } = JSON.parse(String(await this.#source.rbd(["info", "--format", "json", image])));
    const volumeId = volume.replace(/^volume-/, "");
    const base = parent?.base ?? `volume-${volumeId}.backup.${legacy ? "base" : id}`;
    if (parent === undefined) {
      const features = ["--image-feature", "layering,striping,exclusive-lock,object-map,fast-diff"];
      await this.#vault.rbd(["create", "--size", `${size}B`, ...features, this.#vault.image(base)]);
    }
    const snapshot = `backup.${id}.snap.${Date.now() / 1000}`;
    await this.#source.rbd(["snap", "create", "--no-progress", `${image}@${snapshot}`]);
    const from = parent === undefined ? [] : ["--from-snap", parent.snapshot];
    const diff = await this.#source.rbd([
      "export-diff",
      "--no-progress",
      ...from,
      `${image}@${snapshot}`,
      "-",
    ]);
    await this.#vault.rbd(["import-diff", "--no-progress", "-", this.#vault.image(base)], diff);
    const meta = JSON.stringify({
      version: 2,
      "volume-base-metadata": { id: volumeId, display_name: "Disk é" },
    });
    await this.#vault.run(
      "rados",
      ["-p", this.#vault.pool, "put", `backup.${id}.meta`, "-"],
      Buffer.from(meta),
    );
    return { id, base, snapshot, content: await this.#source.contents(`${image}@${snapshot}`) };
  }

  /** As a deletion by Cinder: without a look at what else is there. */
  async delete({ id, base, snapshot }: CinderBackup): Promise<void> {
    const image = this.#vault.image(base);
    await this.#vault.rbd(["snap", "rm", "--no-progress", `${image}@${snapshot}`]);
    const left = String(await this.#vault.rbd(["snap", "ls", image]));
    if (!left.includes("backup.")) await this.#vault.rbd(["rm", "--no-progress", image]);
    await this.#vault.run("rados", ["-p", this.#vault.pool, "rm", `backup.${id}.meta`]);
  }
}
