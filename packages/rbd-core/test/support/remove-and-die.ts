import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import {
  deletionPlan,
  executeDeletion,
  moveToTrash,
  purgeTrash,
  removeByPrefix,
  removeImage,
} from "../../src/deletion/index.ts";
import { flattenImage } from "../../src/flatten/index.ts";
import { removeTemplate } from "../../src/template/remove-template.ts";
import { createVolumeSnapshot } from "../../src/volume/create-volume-snapshot.ts";
import { deleteVolume } from "../../src/volume/delete-volume.ts";
import { rollbackVolume } from "../../src/volume/rollback-volume.ts";
import { type DyingCall, die, dieAt } from "./die-at.ts";
import { dieAtNthChange } from "./die-at-change.ts";

/** What removes or changes the images of a pool: `volume`, or the disks whose names begin with `disk`. */
export const removals = {
  deleteVolume: (cluster: Cluster, pool: string) =>
    deleteVolume(cluster, { volume: `${pool}/volume`, snapshots: "all", dependants: "flatten" }),
  keepClones: (cluster: Cluster, pool: string) =>
    deleteVolume(cluster, { volume: `${pool}/volume`, snapshots: "all", dependants: "keep" }),
  removeByPrefix: (cluster: Cluster, pool: string) =>
    removeByPrefix(cluster, { pool, prefix: "disk", snapshots: "all" }),
  removeTemplate: (cluster: Cluster, pool: string) =>
    removeTemplate(cluster, { template: `${pool}/volume@snap` }),
  purgeTrash: (cluster: Cluster, pool: string) => purgeTrash(cluster, { pools: [pool], withSnapshots: true }),
  async executeDeletion(cluster: Cluster, pool: string, id: string) {
    const plan = await deletionPlan(cluster, { pool, namespace: "", id });
    return await executeDeletion(cluster, plan, { way: "remove" });
  },
  moveToTrash: (cluster: Cluster, pool: string) => moveToTrash(cluster, `${pool}/volume`),
  removeImage: (cluster: Cluster, pool: string) => removeImage(cluster, `${pool}/volume`),
  flatten: (cluster: Cluster, pool: string) => flattenImage(cluster, `${pool}/volume`),
  snapshot: (cluster: Cluster, pool: string) =>
    createVolumeSnapshot(cluster, { volume: `${pool}/volume`, name: "s", protect: true }),
  rollback: (cluster: Cluster, pool: string) => rollbackVolume(cluster, { snapshot: `${pool}/volume@s` }),
} satisfies Record<string, (cluster: Cluster, pool: string, id: string) => Promise<unknown>>;

export interface DyingRemoval {
  conf: string;
  kind: keyof typeof removals;
  pool: string;
  id: string;
  /** Dies at that change or call, or after so many milliseconds. */
  death: { nth: number; late: boolean } | DyingCall | { milliseconds: number };
}

if (process.argv[1] === import.meta.filename) {
  const { conf, kind, pool, id, death } = JSON.parse(process.argv[2] ?? "") as DyingRemoval;
  const cluster = await connect({ conf });
  const ioCtx = await cluster.pool(pool);
  if ("call" in death) dieAt(death);
  else if ("nth" in death) dieAtNthChange(death.nth, death.late, ioCtx);
  else setTimeout(die, death.milliseconds);
  await removals[kind](cluster, pool, id);
  await cluster.close();
  process.exit(0);
}
