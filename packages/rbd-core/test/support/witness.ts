import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { asPlainCall } from "./plain-commands.ts";
import { type Listed, pythonRbd } from "./python-rbd.ts";

const run = promisify(execFile);

/**
 * Plain `rbd` and `ceph`: what they say is what the tests compare with. Commands that are one call of librbd are made by one
 * process of plain python3-rbd, see {@link asPlainCall}.
 */
export class Witness {
  readonly #conf: string;

  constructor(conf: string) {
    this.#conf = conf;
  }

  async rbd(...args: string[]): Promise<string> {
    const plain = asPlainCall(args);
    if (plain === undefined) return this.#run("rbd", args);
    await pythonRbd(this.#conf).changeAt(plain.spec, plain.change);
    return "";
  }

  async json(...args: string[]): Promise<unknown> {
    return JSON.parse(await this.#run("rbd", [...args, "--format", "json"]));
  }

  async ceph(...args: string[]): Promise<string> {
    return this.#run("ceph", args);
  }

  async rados(...args: string[]): Promise<string> {
    return this.#run("rados", args);
  }

  /** Sets one value of an object's omap to these bytes. */
  async setOmap(pool: string, object: string, key: string, value: Uint8Array): Promise<void> {
    const child = spawn("rados", ["-c", this.#conf, "-p", pool, "setomapval", object, key], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    child.stdin.end(value);
    if ((await ended) !== 0) throw new Error(`rados setomapval ${object} ${key} failed`);
  }

  /** The images of a pool, and what is in its trash, as plain librbd lists them in another process. */
  async listed(pool: string): Promise<Listed> {
    return await pythonRbd(this.#conf).listed(pool);
  }

  /** The MD5 of everything in an image or snapshot, read by plain librbd in another process. */
  async md5(spec: string): Promise<string> {
    return await pythonRbd(this.#conf).digest(spec, "md5");
  }

  async #run(command: string, args: readonly string[]): Promise<string> {
    const env = { ...process.env, RBD_FORCE_ALLOW_V1: "1" };
    const { stdout } = await run(command, ["-c", this.#conf, ...args], { env, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  }
}

/** What `rbd info --format json` says, as far as it is looked at. */
export interface Info {
  id: string;
  size: number;
  object_size: number;
  features: string[];
  flags: string[];
  stripe_unit?: number;
  stripe_count?: number;
  data_pool?: string;
  create_timestamp: string;
  op_features: string[];
  parent?: {
    pool: string;
    pool_namespace: string;
    image: string;
    id: string;
    snapshot: string;
    trash: boolean;
    overlap: number;
  };
}
