import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { APIRequestContext } from "@playwright/test";

const execute = promisify(execFile);

/** The `rbd` command line on the cluster of the product. Tests use it to verify what the dashboard shows. */
export class RbdCli {
  readonly #conf: string;

  constructor(conf: string) {
    this.#conf = conf;
  }

  async run(...args: string[]): Promise<string> {
    const { stdout } = await execute("rbd", ["-c", this.#conf, ...args]);
    return stdout;
  }

  /** Runs `ceph`, to make pools. */
  async ceph(...args: string[]): Promise<void> {
    await execute("ceph", ["-c", this.#conf, ...args]);
  }

  /** Runs `rados` in a pool, to damage images. */
  async rados(pool: string, ...args: string[]): Promise<void> {
    await execute("rados", ["-c", this.#conf, "-p", pool, ...args]);
  }

  /** SHA-256 of all of an image's or a snapshot's bytes, as `rbd export` reads them. */
  async digest(spec: string): Promise<string> {
    const child = spawn("rbd", ["-c", this.#conf, "export", "--no-progress", spec, "-"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const closed = once(child, "close");
    const hash = createHash("sha256");
    await pipeline(child.stdout, hash);
    const [code] = await closed;
    if (code !== 0) throw new Error(`rbd export ${spec} ended with ${code}`);
    return hash.digest("hex");
  }

  /** The output of `rbd info`. */
  async info(spec: string): Promise<ImageInfo> {
    return JSON.parse(await this.run("info", "--format", "json", spec)) as ImageInfo;
  }

  /** The SHA-256 of the bytes of an image, as `rbd export` writes them. */
  async checksum(spec: string): Promise<string> {
    const { stdout } = await execute("sh", [
      "-c",
      'rbd -c "$0" export --no-progress "$1" - | sha256sum',
      this.#conf,
      spec,
    ]);
    return stdout.trim();
  }

  /** The names of the snapshots, as `rbd snap ls` shows them. */
  async snapshots(spec: string): Promise<string[]> {
    const list = JSON.parse(await this.run("snap", "ls", "--format", "json", spec)) as { name: string }[];
    return list.map(({ name }) => name);
  }

  /** The specs of the clones of an image or a snapshot, as `rbd children` shows them. */
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

/** Creates and changes images with `rbd`, independently of the product, under names that are unique to the test. */
export class TestImages {
  readonly #rbd: RbdCli;
  readonly #request: APIRequestContext;
  readonly #origin: string;

  constructor(rbd: RbdCli, request: APIRequestContext, origin: string) {
    this.#rbd = rbd;
    this.#request = request;
    this.#origin = origin;
  }

  /** Creates an image with some data in it and returns its spec. `args` go to `rbd create`. */
  async create(prefix: string, ...args: string[]): Promise<string> {
    const spec = `vms/${prefix}-${crypto.randomUUID().slice(0, 8)}`;
    await this.#rbd.run("create", "--size", "64M", ...args, spec);
    await this.write(spec);
    return spec;
  }

  /** Writes one MiB to the image. */
  async write(spec: string): Promise<void> {
    await this.#rbd.run("bench", "--io-type", "write", "--io-size", "64K", "--io-total", "1M", spec);
  }

  async snapshot(spec: string, name: string): Promise<void> {
    await this.#rbd.run("snap", "create", "--no-progress", `${spec}@${name}`);
  }

  /** Damages an image like a lost object does: the header is gone, the name is still in the directory. */
  async breakHeader(pool: string, id: string): Promise<void> {
    await this.#rbd.rados(pool, "rm", `rbd_header.${id}`);
  }

  /** Refreshes the inventory of the server, so that the next page shows the images. */
  async refresh(): Promise<void> {
    const response = await this.#request.post("/trpc/inventory.refresh", {
      headers: { origin: this.#origin, "content-type": "application/json" },
      data: { cluster: "ceph" },
    });
    if (!response.ok()) throw new Error(`inventory.refresh: ${response.status()} ${await response.text()}`);
  }
}
