import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as api from "../../../src/index.ts";
import type { ForCluster } from "../../support/for-cluster.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("aborted");
const image = `${own.pool}/disk`;
const snapshot = `${image}@base`;
const target = `${own.pool}/target`;
const inTrash = { pool: own.pool, namespace: "", id: "absent" };
const folder = mkdtempSync(join(tmpdir(), "aborted-"));
const file = () => join(folder, "file");
const manifest: api.DigestManifest = {
  blockSize: 2 ** 22,
  size: 2 ** 20,
  blocks: [],
  isFull: true,
  unknown: [],
};
const nothing = async () => {};
const bytes = () => Readable.from([Buffer.alloc(512, 1)]);

let before: unknown;

type Call = (cluster: api.Cluster, signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>;

/** One call of every function that talks to the cluster; the compiler holds that none is missing. */
const calls: Record<ForCluster, Call> = {
  abortMirror: (c, signal) => api.abortMirror(c, { mirror: target, signal }),
  backupImage: async (c, signal) => {
    const pool = await api.openPoolTarget(c, { pool: own.pool });
    return await api.backupImage(c, { image, target: pool, signal });
  },
  breakLock: (c, signal) => api.breakLock(c, image, { owner: "client.1", signal }),
  captureImage: (c, signal) => api.captureImage(c, { source: image, target, signal }),
  cloneImage: (c, signal) => api.cloneImage(c, { source: image, target, signal }),
  cloneTemplate: (c, signal) => api.cloneTemplate(c, { template: snapshot, target, signal }),
  cloneWithinLimits: (c, signal) =>
    api.cloneWithinLimits(c, new api.Flattener(c), { source: image, target, signal }),
  confirmPivot: (c, signal) => api.confirmPivot(c, { mirror: target, sources: "keep", signal }),
  copyDiff: (c, signal) => api.copyDiff(c, { image, to: "base", target: { image: target }, signal }),
  copyImage: (c, signal) => api.copyImage(c, { image, target: { image: target }, signal }),
  createConsistentSnapshots: (c, signal) =>
    api.createConsistentSnapshots(c, { snapshots: [{ image, name: "new" }], signal }),
  createImage: (c, signal) => api.createImage(c, target, { size: 2 ** 20, signal }),
  createNamespace: (c, signal) => api.createNamespace(c, own.pool, "new", { signal }),
  createSnapshot: (c, signal) => api.createSnapshot(c, `${image}@new`, { signal }),
  createVolume: (c, signal) => api.createVolume(c, { target, size: 2 ** 20, signal }),
  createVolumeSnapshot: (c, signal) => api.createVolumeSnapshot(c, { volume: image, name: "new", signal }),
  deleteVolume: (c, signal) => api.deleteVolume(c, { volume: image, signal }),
  deletionPlan: (c, signal) => api.deletionPlan(c, image, { signal }),
  executeDeletion: async (c, signal) =>
    api.executeDeletion(c, await api.deletionPlan(c, image), { way: "remove", signal }),
  exportDiff: (c, signal) => api.exportDiff(c, { image, to: "base", signal }),
  exportImage: (c, signal) => api.exportImage(c, { image, signal }),
  exportRaw: (c, signal) => api.exportRaw(c, { image, snapshot: "base", signal }),
  exportRawFile: (c, signal) => api.exportRawFile(c, file(), { image, snapshot: "base", signal }),
  exportTemplate: (c, signal) => api.exportTemplate(c, { template: snapshot, signal }),
  exportTemplateFile: (c, signal) => api.exportTemplateFile(c, { template: snapshot, file: file(), signal }),
  extendVolume: (c, signal) => api.extendVolume(c, { volume: image, size: 2 ** 30, signal }),
  flattenImage: (c, signal) => api.flattenImage(c, image, { signal }),
  followMirror: (c, signal) => api.followMirror(c, { mirror: target, lagTargetSeconds: 60, signal }),
  importCinderChain: (c, signal) =>
    api.importCinderChain(c, { pool: own.pool, chain: "volume-a.backup.base", signal }),
  importDiff: (c, signal) => api.importDiff(c, { image, source: bytes(), signal }),
  importImage: (c, signal) => api.importImage(c, { image: target, source: bytes(), signal }),
  importRaw: (c, signal) => api.importRaw(c, { image: target, source: bytes(), signal }),
  importTemplate: (c, signal) => api.importTemplate(c, { target, source: bytes(), signal }),
  inventory: (c, signal) => api.inventory(c, { signal }),
  isCloneable: (c, signal) =>
    api.isCloneable(c, { url: `rbd://${c.fsid}/${snapshot.replace("@", "/")}`, format: "raw" }, { signal }),
  listMirrors: (c, signal) => api.listMirrors(c, { signal }),
  listOperations: (c, signal) => api.listOperations(c, { signal }),
  listTrash: (c, signal) => api.listTrash(c, { signal }),
  mirrorStatus: (c, signal) => api.mirrorStatus(c, { mirror: target, signal }),
  moveToTrash: (c, signal) => api.moveToTrash(c, image, { signal }),
  openImage: (c, signal) => api.openImage(c, image, { signal }),
  openPoolTarget: (c, signal) => api.openPoolTarget(c, { pool: own.pool, signal }),
  pendingFlattens: async (c, signal) => api.pendingFlattens(c, (await api.inventory(c)).rows, { signal }),
  pivotMirror: (c, signal) =>
    api.pivotMirror(c, { mirror: target, quiesce: nothing, resume: nothing, switch: nothing, signal }),
  planCapture: (c, signal) => api.planCapture(c, { source: image, target, signal }),
  planClone: (c, signal) => api.planClone(c, { source: image, target, signal }),
  planCloneWithinLimits: (c, signal) =>
    api.planCloneWithinLimits(c, new api.Flattener(c), { source: image, target, signal }),
  planDeleteVolume: (c, signal) => api.planDeleteVolume(c, { volume: image, signal }),
  planShrink: (c, signal) => api.planShrink(c, { volume: image, size: 512, signal }),
  planVolume: (c, signal) => api.planVolume(c, { target, size: 2 ** 20, signal }),
  previewRemoveByPrefix: (c, signal) =>
    api.previewRemoveByPrefix(c, { pool: own.pool, prefix: "di" }, { signal }),
  previewRemoveTemplate: (c, signal) => api.previewRemoveTemplate(c, snapshot, { signal }),
  protectSnapshot: (c, signal) => api.protectSnapshot(c, snapshot, { signal }),
  purgeTrash: (c, signal) => api.purgeTrash(c, { signal }),
  rebuildObjectMap: (c, signal) => api.rebuildObjectMap(c, image, { signal }),
  reconcile: (c, signal) => api.reconcile(c, { signal }),
  removeByPrefix: (c, signal) => api.removeByPrefix(c, { pool: own.pool, prefix: "di", signal }),
  removeImage: (c, signal) => api.removeImage(c, image, { signal }),
  removeNamespace: (c, signal) => api.removeNamespace(c, own.pool, "kept", { signal }),
  removeSnapshot: (c, signal) => api.removeSnapshot(c, snapshot, { signal }),
  renameSnapshot: (c, signal) => api.renameSnapshot(c, snapshot, "t", { signal }),
  removeTemplate: (c, signal) => api.removeTemplate(c, { template: snapshot, signal }),
  renameVolume: (c, signal) => api.renameVolume(c, { from: image, to: target, signal }),
  requestFlatten: (c, signal) => api.requestFlatten(c, image, { signal }),
  planRestore: async (c, signal) => {
    const pool = await api.openPoolTarget(c, { pool: own.pool });
    return await api.planRestore(c, {
      target: pool,
      backup: "a",
      to: { kind: "new", image: target },
      signal,
    });
  },
  restoreBackup: async (c, signal) => {
    const pool = await api.openPoolTarget(c, { pool: own.pool });
    return await api.restoreBackup(c, {
      target: pool,
      backup: "a",
      to: { kind: "new", image: target },
      signal,
    });
  },
  restoreFromTrash: (c, signal) => api.restoreFromTrash(c, inTrash, { signal }),
  rollbackVolume: (c, signal) => api.rollbackVolume(c, { snapshot, signal }),
  shrinkVolume: (c, signal) => api.shrinkVolume(c, { volume: image, size: 512, signal }),
  snapshotChain: (c, signal) => api.snapshotChain(c, image, { signal }),
  startMirror: (c, signal) =>
    api.startMirror(
      c,
      { disks: [{ source: image, mirror: target }] },
      { target: { pool: own.pool }, signal },
    ),
  syncImage: (c, signal) => api.syncImage(c, { image, target: { image: target }, signal }),
  syncMirror: (c, signal) => api.syncMirror(c, { mirror: target, signal }),
  unprotectSnapshot: (c, signal) => api.unprotectSnapshot(c, snapshot, { signal }),
  verifyDigests: (c, signal) => api.verifyDigests(c, { image, snapshot: "base", manifest, signal }),
  whatChanged: (c, signal) => api.whatChanged(c, image, { signal }),
  withdrawFlatten: (c, signal) => api.withdrawFlatten(c, image, { signal }),
};

beforeAll(async () => {
  await api.createImage(own.cluster, image, { size: 2 ** 20 });
  await api.createSnapshot(own.cluster, snapshot);
  await api.createNamespace(own.cluster, own.pool, "kept");
  before = await own.look();
});
afterAll(() => rm(folder, { recursive: true }));

test.each(Object.entries(calls))(
  "%s rejects with the reason of a signal that is aborted",
  async (_, call) => {
    const reason = new Error("not wanted any more");
    await expect(finish(call(own.cluster, AbortSignal.abort(reason)))).rejects.toBe(reason);
  },
);

test("none of them has changed anything", async () => {
  expect(await own.look()).toEqual(before);
  expect(await readdir(folder)).toEqual([]);
});

async function finish(result: ReturnType<Call>): Promise<void> {
  if (!(Symbol.asyncIterator in result)) {
    await result;
    return;
  }
  for await (const _ of result);
}
