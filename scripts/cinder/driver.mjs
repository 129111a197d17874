import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../prepare/output.mjs";

/** Debian's own Python, which has the packages; another one that comes first on the path does not. */
const python = "/usr/bin/python3";
const logLines = 60;

/**
 * Cinder's Ceph backup driver in a process of its own, and what its database would hold: volumes `{ id, name, size (GiB),
 * display_name, metadata }` and backups `{ id, volume_id, container, parent_id, snapshot_id, service_metadata }`.
 */
export class CinderDriver {
  #child;
  #lines;
  #log = [];
  #pool;

  /** @param {string} conf the backup cluster's ceph.conf @param {string} pool the backup pool */
  static async start(conf, pool) {
    const driver = new CinderDriver();
    driver.#pool = pool;
    const script = new URL("backup-driver.py", import.meta.url).pathname;
    const child = spawn(python, [script, conf, pool], { stdio: ["pipe", "pipe", "pipe"] });
    driver.#child = child;
    createInterface({ input: child.stderr }).on("line", (line) => {
      driver.#log = [...driver.#log, line].slice(-logLines);
    });
    driver.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await driver.#answer();
    return driver;
  }

  /**
   * Backs up a volume as Cinder's manager does: a full backup, an increment upon `parent`, or a copy of a `snapshot` that
   * stands for the volume as the image `volume.name`.
   */
  async backup(source, volume, { id, parent, snapshot } = {}) {
    const backup = {
      id,
      volume_id: volume.id,
      container: this.#pool,
      parent_id: parent?.id ?? null,
      snapshot_id: snapshot ?? null,
      service_metadata: null,
      parent_service_metadata: parent?.service_metadata ?? null,
    };
    const { service_metadata, seconds } = await this.#request({ do: "backup", source, volume, backup });
    return { ...backup, service_metadata, seconds };
  }

  /** Restores into the image of a volume. Returns what Cinder's database would then say of the volume. */
  async restore(backup, source, volume) {
    return await this.#request({ do: "restore", source, volume, backup });
  }

  async delete(backup, volume) {
    return await this.#request({ do: "delete", volume, backup });
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin.end();
    await ended;
  }

  async #request(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#answer();
    if (answer.error !== undefined) throw this.#failure(`Cinder: ${answer.error}`);
    return answer;
  }

  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw this.#failure("Cinder's driver ended");
    return JSON.parse(value);
  }

  #failure(message) {
    return new UserError([message, ...this.#log].join("\n"));
  }
}
