import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { connect } from "../../src/cluster/connect.ts";
import { asPlainCall } from "./plain-commands.ts";
import { pythonRbd } from "./python-rbd.ts";

/** A name, of a pool or a user, that no other run has taken. */
export function freshName(purpose: string): string {
  return `${purpose}-${randomBytes(4).toString("hex")}`;
}

/** Makes pools and prepares them for images. A `ceph` process for each would cost half a second of work. */
export async function createPools(cli: RbdCli, pools: readonly string[]): Promise<void> {
  await using cluster = await connect({ conf: cli.conf });
  for (const pool of pools) await cluster.createPool(pool);
}

export async function deletePools(cli: RbdCli, pools: readonly string[]): Promise<void> {
  await using cluster = await connect({ conf: cli.conf });
  for (const pool of pools) await cluster.deletePool(pool);
}

const run = promisify(execFile);
const maxBuffer = 64 * 1024 * 1024;

/**
 * Ceph's own command line programs on one cluster: the independent witness. Commands that are one call of librbd are made by
 * one process of plain python3-rbd, see {@link asPlainCall}.
 */
export class RbdCli {
  readonly conf: string;

  constructor(conf: string) {
    this.conf = conf;
  }

  async rbd(...args: string[]): Promise<string> {
    const plain = asPlainCall(args);
    if (plain === undefined) return await this.#process(args);
    await pythonRbd(this.conf).changeAt(plain.spec, plain.change);
    return "";
  }

  async #process(args: readonly string[]): Promise<string> {
    return (await run("rbd", ["-c", this.conf, ...args], { maxBuffer })).stdout;
  }

  /** For commands that only read: `rbd` of Ceph 16 sometimes aborts in a thread of its own, and is then run once more. */
  async rbdJson<T>(...args: string[]): Promise<T> {
    const read = () => this.rbd(...args, "--format", "json");
    const output = await read().catch((error: { signal?: unknown }) => {
      if (error.signal === "SIGABRT") return read();
      throw error;
    });
    return JSON.parse(output) as T;
  }

  async ceph(...args: string[]): Promise<string> {
    return (await run("ceph", ["-c", this.conf, ...args], { maxBuffer })).stdout;
  }

  /** Whether Ceph did it. For what may be refused, and no other kind of failure. */
  async attempt(...args: string[]): Promise<boolean> {
    try {
      await this.#process(args);
      return true;
    } catch (error) {
      if (typeof (error as { code?: unknown }).code === "number") return false;
      throw error;
    }
  }

  async rados(pool: string, namespace: string, ...args: string[]): Promise<string> {
    const place = ["-c", this.conf, "-p", pool, ...(namespace === "" ? [] : ["-N", namespace])];
    return (await run("rados", [...place, ...args], { maxBuffer })).stdout;
  }

  /** The omap of an object as `rados listomapvals` prints it, read back into bytes. */
  async omap(pool: string, namespace: string, object: string): Promise<[key: string, value: Buffer][]> {
    const entries: [string, Buffer][] = [];
    let hex = "";
    let key: string | undefined;
    const finish = () => {
      if (key !== undefined) entries.push([key, Buffer.from(hex, "hex")]);
      key = undefined;
      hex = "";
    };
    for (const line of (await this.rados(pool, namespace, "listomapvals", object)).split("\n")) {
      const dump = /^[0-9a-f]{8}(?: {2}((?:[0-9a-f]{2} {1,2}){1,16}) *\|)?/.exec(line);
      if (dump !== null && key !== undefined) hex += (dump[1] ?? "").replaceAll(" ", "");
      else if (line === "") finish();
      else if (!line.startsWith("value (")) key = line;
    }
    finish();
    return entries;
  }
}
