import { Cluster as NativeCluster } from "rbd-native";
import { afterAll, beforeAll, inject } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import { poolState } from "./pool-state.ts";
import { Witness } from "./witness.ts";

export interface OwnPools {
  conf: string;
  /** The pool of this test file alone. */
  pool: string;
  witness: Witness;
  /** While tests run. */
  readonly cluster: Cluster;
  /** A second connection, below the SDK. While tests run. */
  readonly native: NativeCluster;
  /** The name of another pool of this file's own. */
  other(name: string): string;
  /** Everything that can be told of the pools; of the first one when none is named. */
  look(...pools: string[]): Promise<unknown>;
  rbd(...args: string[]): Promise<string>;
  /** An image of that size (`8M`) into which `rbd bench` wrote. */
  written(spec: string, size: string, bench: BenchWrite): Promise<string>;
  /** Lets `rbd bench` write into an image. */
  write(spec: string, bench: BenchWrite): Promise<void>;
  /** Creates a snapshot and protects it. */
  protectedSnapshot(spec: string): Promise<void>;
}

export interface BenchWrite {
  /** As `rbd` takes it: `1M`. */
  total: string;
  size: string;
  pattern?: "rand" | "seq";
}

/**
 * Gives a test file pools of its own and two connections: made before its first test, and gone after its last.
 *
 * @param others Names of further pools, see {@link OwnPools.other}.
 */
export function useOwnPool(name: string, others: readonly string[] = []): OwnPools {
  const conf = inject("cephConf");
  const pool = `core-${name}-${process.pid}`;
  const witness = new Witness(conf);
  const made = { cluster: undefined as Cluster | undefined, native: undefined as NativeCluster | undefined };
  const other = (rest: string) => `${pool}-${rest}`;
  const rbd = (...args: string[]) => witness.rbd(...args);
  const write = async (spec: string, { total, size, pattern = "seq" }: BenchWrite) => {
    const amount = ["--io-total", total, "--io-size", size, "--io-pattern", pattern];
    await rbd("bench", "--io-type", "write", ...amount, spec);
  };

  beforeAll(async () => {
    made.cluster = await connect({ conf });
    made.native = await NativeCluster.connect({ conf });
    for (const each of [pool, ...others.map(other)]) await made.cluster.createPool(each);
  });
  afterAll(async () => {
    await made.native?.close();
    for (const each of [pool, ...others.map(other)]) await made.cluster?.deletePool(each);
    await made.cluster?.close();
  });

  return {
    conf,
    pool,
    witness,
    other,
    rbd,
    write,
    get cluster() {
      return there(made.cluster);
    },
    get native() {
      return there(made.native);
    },
    look: (...pools) => poolState(conf, there(made.native), pools.length === 0 ? [pool] : pools),
    async written(spec, size, bench) {
      await rbd("create", "--size", size, spec);
      await write(spec, bench);
      return spec;
    },
    async protectedSnapshot(spec) {
      await rbd("snap", "create", "--no-progress", spec);
      await rbd("snap", "protect", spec);
    },
  };
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("connections are there while tests run");
  return value;
}
