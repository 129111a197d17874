import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Cluster, type IoCtx } from "rbd-native";
import { inject } from "vitest";

export interface TestPool extends AsyncDisposable {
  readonly conf: string;
  readonly cluster: Cluster;
  readonly pool: string;
  readonly io: IoCtx;
  /** Plain `rbd` on the same cluster, as the independent witness. */
  rbd(...args: string[]): string;
  /** Plain `rados` on the pool. */
  rados(...args: string[]): string;
  /** `rbd` with JSON output, parsed. */
  rbdJson<T>(...args: string[]): T;
}

/** A connection and a pool of a test's own; disposing of it deletes the pool. */
export async function openTestPool(name: string): Promise<TestPool> {
  const conf = inject("cephConf");
  const cluster = await Cluster.connect({ conf, settings: { rbd_default_clone_format: "2" } });
  const pool = `native-${name}-${randomBytes(3).toString("hex")}`;
  await cluster.createPool(pool);
  const io = await cluster.openPool(pool);
  await io.initPool();
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, ["-c", conf, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const rbd = (...args: string[]) => run("rbd", ...args);
  return {
    conf,
    cluster,
    pool,
    io,
    rbd,
    rados: (...args) => run("rados", "-p", pool, ...args),
    rbdJson: (...args) => JSON.parse(rbd(...args, "--format", "json")),
    async [Symbol.asyncDispose]() {
      await io.close();
      await cluster.monCommand({
        prefix: "osd pool delete",
        pool,
        pool2: pool,
        yes_i_really_really_mean_it: true,
      });
      await cluster.close();
    },
  };
}
