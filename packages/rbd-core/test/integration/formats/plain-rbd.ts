import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "../../../src/cluster/connect.ts";
import { featureBits } from "../../../src/image/features.ts";
import { pythonRbd } from "../../support/python-rbd.ts";

/** Ceph's own command, as an independent witness. */
export class PlainRbd {
  readonly conf: string;
  /** A pool of its own. */
  readonly pool: string;
  /** A folder for files of its own. */
  readonly folder: string;

  private constructor(conf: string, pool: string, folder: string) {
    this.conf = conf;
    this.pool = pool;
    this.folder = folder;
  }

  static async make(conf: string, name: string): Promise<PlainRbd> {
    const pool = `${name}-${crypto.randomUUID().slice(0, 8)}`;
    await using cluster = await connect({ conf });
    await cluster.createPool(pool);
    return new PlainRbd(conf, pool, await mkdtemp(join(tmpdir(), `coppice-${name}-`)));
  }

  /** Runs `rbd` and returns what it printed. `input` goes to its standard input. */
  rbd(args: readonly string[], input?: Uint8Array): Promise<Buffer> {
    return this.run("rbd", args, input);
  }

  /** A file's path in {@link folder}. */
  file(name: string): string {
    return join(this.folder, name);
  }

  image(name: string): string {
    return `${this.pool}/${name}`;
  }

  /** SHA-256 of an image's or snapshot's contents, read by plain librbd in another process. */
  async contents(spec: string): Promise<string> {
    return await pythonRbd(this.conf).digest(spec, "sha256");
  }

  async hasObjectMap(spec: string): Promise<boolean> {
    return ((await pythonRbd(this.conf).features(spec)) & featureBits(["object-map"])) !== 0n;
  }

  /** What `rbd object-map check` finds wrong. */
  async wrongInObjectMap(spec: string): Promise<string[]> {
    const args = ["-c", this.conf, "object-map", "check", "--no-progress", spec];
    const { stderr } = await promisify(execFile)("rbd", args);
    return stderr.split("\n").filter((line) => line.includes("object map error"));
  }

  async run(command: string, args: readonly string[], input?: Uint8Array): Promise<Buffer> {
    const parts: Buffer[] = [];
    await this.#spawn(command, args, input, (chunk) => parts.push(chunk));
    return Buffer.concat(parts);
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await using cluster = await connect({ conf: this.conf });
    await cluster.deletePool(this.pool);
  }

  #spawn(
    command: string,
    args: readonly string[],
    input: Uint8Array | undefined,
    take: (chunk: Buffer) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, ["-c", this.conf, ...args], { stdio: ["pipe", "pipe", "pipe"] });
      let problem = "";
      child.stdout.on("data", take);
      child.stderr.on("data", (chunk: Buffer) => {
        problem = (problem + chunk.toString()).slice(-2000);
      });
      // A command that refuses its input closes it early: its exit code says so.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      child.on("error", reject);
      child.on("close", (code) => {
        if (code === 0) resolve();
        else reject(new Error(`${command} ${args.join(" ")} ended with ${code}: ${problem}`));
      });
    });
  }
}
