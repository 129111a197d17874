import type { APIRequestContext } from "@playwright/test";
import type { Witness } from "./witness.ts";

/** Plants images with plain `rbd`, independent of the product, under names that no other test has. */
export class Forester {
  readonly #witness: Witness;
  readonly #request: APIRequestContext;
  readonly #origin: string;

  constructor(witness: Witness, request: APIRequestContext, origin: string) {
    this.#witness = witness;
    this.#request = request;
    this.#origin = origin;
  }

  /** Creates an image with some data in it and returns its spec. `args` go to `rbd create`. */
  async image(prefix: string, ...args: string[]): Promise<string> {
    const spec = `vms/${prefix}-${crypto.randomUUID().slice(0, 8)}`;
    await this.#witness.run("create", "--size", "64M", ...args, spec);
    await this.write(spec);
    return spec;
  }

  /** Writes a MiB into the image. */
  async write(spec: string): Promise<void> {
    await this.#witness.run("bench", "--io-type", "write", "--io-size", "64K", "--io-total", "1M", spec);
  }

  async snapshot(spec: string, name: string): Promise<void> {
    await this.#witness.run("snap", "create", "--no-progress", `${spec}@${name}`);
  }

  /** Damages an image as a lost object would: its header is gone, its name is still in the directory. */
  async breakHeader(pool: string, id: string): Promise<void> {
    await this.#witness.rados(pool, "rm", `rbd_header.${id}`);
  }

  /** Has the server read the cluster anew, so that the next page shows what was planted. */
  async show(): Promise<void> {
    const response = await this.#request.post("/trpc/inventory.refresh", {
      headers: { origin: this.#origin, "content-type": "application/json" },
      data: { cluster: "ceph" },
    });
    if (!response.ok()) throw new Error(`inventory.refresh: ${response.status()} ${await response.text()}`);
  }
}
