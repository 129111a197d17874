import { setTimeout as pause } from "node:timers/promises";
import { type Cluster, CoppiceError, openImage } from "rbd-core";

const longestWaitMs = 20_000;
const pauseMs = 20;

/**
 * Fences off the clients that still seem to have a half-made image open. Of a planting that was killed the
 * cluster keeps the watcher for half a minute, and nothing can remove the image until then; fenced off, it goes
 * as soon as the OSD hears of it. Only for images of an interrupted planting: nobody else's client is on them.
 *
 * Source: `ceph osd blocklist`, which librbd uses when it breaks the lock of a dead client.
 */
export async function evictClients(cluster: Cluster, spec: string): Promise<void> {
  const deadline = performance.now() + longestWaitMs;
  const evicted = new Set<string>();
  for (;;) {
    const addresses = await watchers(cluster, spec);
    if (addresses.length === 0) return;
    for (const address of addresses) {
      if (evicted.has(address)) continue;
      await cluster.monCommand({ prefix: "osd blocklist", blocklistop: "add", addr: address });
      evicted.add(address);
    }
    if (performance.now() > deadline) {
      throw new CoppiceError({
        code: "BUSY",
        call: "plantDemoForest",
        object: spec,
        message: `${spec} was left half made, and ${addresses.join(", ")} still has it open`,
        hint: "End what uses the image, and start again.",
      });
    }
    await pause(pauseMs);
  }
}

/** A read-only handle is no watcher itself. */
async function watchers(cluster: Cluster, spec: string): Promise<string[]> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return (await image.listWatchers()).map((watcher) => watcher.address);
}
