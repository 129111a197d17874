import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Plain `rbd` on the product's cluster: the independent witness of what the dashboard claims. */
export class Witness {
  readonly #conf: string;

  constructor(conf: string) {
    this.#conf = conf;
  }

  async run(...args: string[]): Promise<string> {
    const { stdout } = await execute("rbd", ["-c", this.#conf, ...args]);
    return stdout;
  }

  /** `rados` in a pool, for what no client would do. */
  async rados(pool: string, ...args: string[]): Promise<void> {
    await execute("rados", ["-c", this.#conf, "-p", pool, ...args]);
  }

  /** `rbd info`. */
  async info(spec: string): Promise<ImageInfo> {
    return JSON.parse(await this.run("info", "--format", "json", spec)) as ImageInfo;
  }

  /** Names of the snapshots that `rbd snap ls` shows. */
  async snapshots(spec: string): Promise<string[]> {
    const list = JSON.parse(await this.run("snap", "ls", "--format", "json", spec)) as { name: string }[];
    return list.map(({ name }) => name);
  }

  /** Specs of the clones that `rbd children` shows for a snapshot or an image. */
  async children(spec: string): Promise<string[]> {
    const list = JSON.parse(await this.run("children", "--format", "json", spec)) as {
      pool: string;
      pool_namespace?: string;
      image: string;
    }[];
    return list.map(({ pool, pool_namespace, image }) =>
      [pool, pool_namespace, image].filter(Boolean).join("/"),
    );
  }
}

interface ImageInfo {
  id: string;
  size: number;
  order: number;
  features: string[];
  stripe_unit?: number;
  stripe_count?: number;
  parent?: { pool: string; pool_namespace: string; image: string; snapshot: string };
}
