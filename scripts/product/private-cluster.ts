import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import { plantDemoForest } from "@coppice/demo-forest";
import { type DevCluster, startCluster } from "@coppice/dev-cluster";
import { connect } from "rbd-core";
import { step } from "../prepare/output.mjs";

/** The pool of the private cluster that backups go to. */
export const backupPool = "backups";

/**
 * Starts (or starts again) the private cluster in `dataDir`/ceph, fills it once with the demonstration forest, and makes sure that
 * there is a pool for backups.
 */
export async function startPrivateCluster(dataDir: string, signal: AbortSignal): Promise<DevCluster> {
  const cluster = await step("Starting a private Ceph cluster", (detail) =>
    startCluster({ dir: join(dataDir, "ceph"), onProgress: detail, signal }),
  );
  try {
    await step("Planting the demonstration forest", async (detail) => {
      await using connection = await connect({ conf: cluster.conf, signal });
      await plantDemoForest(connection, { onProgress: ({ spec }) => detail(spec), signal });
      const pools = await connection.listPools();
      if (!pools.some(({ name }) => name === backupPool)) await connection.createPool(backupPool);
    });
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** How often the launcher looks whether the daemons of the private cluster run. */
const watchMs = 5000;

interface Watch {
  /** Rejects when daemons that ended could not be started again. */
  readonly failed: Promise<never>;
  /** Resolves when no daemon is started any more. */
  stop(): Promise<void>;
}

/** Starts the daemons of the private cluster again when they end, and says so, until it is stopped. */
export function watchPrivateCluster({ dir, daemons }: Pick<DevCluster, "dir" | "daemons">): Watch {
  return watchDaemons(daemons, watchMs, (names, signal) =>
    step(`Starting ${names.join(", ")} again: ended unexpectedly`, (detail) =>
      startCluster({ dir, onProgress: detail, signal }),
    ),
  );
}

/** Calls `restart` with the names of the daemons that do not run, one call at a time. */
export function watchDaemons(
  daemons: readonly { readonly name: string; pid(): Promise<number | undefined> }[],
  intervalMs: number,
  restart: (names: string[], signal: AbortSignal) => Promise<unknown>,
): Watch {
  const stopping = new AbortController();
  const { signal } = stopping;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {}); // also when nobody waits for it yet
  const watching = (async () => {
    for await (const _ of setInterval(intervalMs, undefined, { signal })) {
      const pids = await Promise.all(daemons.map((daemon) => daemon.pid()));
      const ended = daemons.filter((_daemon, index) => pids[index] === undefined).map(({ name }) => name);
      if (ended.length > 0) await restart(ended, signal);
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) reject(error);
  });
  return {
    failed,
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}
