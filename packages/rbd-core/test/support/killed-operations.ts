import { createHash } from "node:crypto";
import type { IoCtx } from "rbd-native";
import { cloneImage } from "../../src/clone/index.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import { moveToTrash, purgeTrash, removeByPrefix } from "../../src/deletion/index.ts";
import { hasCode } from "../../src/errors/index.ts";
import { flattenImage } from "../../src/flatten/index.ts";
import { ignoreNotFound } from "../../src/headers/index.ts";
import { createImage, createSnapshot, openImage, protectSnapshot } from "../../src/image/index.ts";
import { readOperations } from "../../src/operation/index.ts";
import { reconcile } from "../../src/reconcile/index.ts";
import { captureImage, importTemplate } from "../../src/template/index.ts";
import { importRaw } from "../../src/transfer/index.ts";
import { createVolume, createVolumeSnapshot, deleteVolume } from "../../src/volume/index.ts";

const mib = 1024 ** 2;

/** The pools of one round: all operations of a round run side by side. Purging takes a trash of its own. */
export interface Pools {
  readonly pool: string;
  readonly trash: string;
}

/** What stands on the cluster of an operation: all that it is to do, nothing of it, or what is wrong. */
export type Found = "done" | "nothing" | `wrong: ${string}`;

export interface KilledOperation {
  /** Makes what the operation needs, beside `source`. */
  readonly prepare?: (cluster: Cluster, pools: Pools) => Promise<unknown>;
  readonly run: (cluster: Cluster, pools: Pools) => Promise<unknown>;
  readonly look: (place: Place) => Promise<Found>;
  /** The image under whose name it is recorded. */
  readonly image: RegExp;
}

interface Place {
  readonly ioCtx: IoCtx;
  readonly trash: IoCtx;
}

/** The state that `source@guarded` holds, the current state of `source`, and what is imported. */
const contents = {
  guarded: Buffer.concat([Buffer.alloc(2 * mib, 1), Buffer.alloc(2 * mib)]),
  current: Buffer.concat([Buffer.alloc(mib, 2), Buffer.alloc(mib, 1), Buffer.alloc(2 * mib)]),
  imported: Buffer.concat([Buffer.alloc(mib, 3), Buffer.alloc(mib), Buffer.alloc(mib, 4)]),
  empty: Buffer.alloc(2 * mib),
};

async function* importedInPieces(): AsyncGenerator<Buffer> {
  for (let at = 0; at < contents.imported.length; at += 65_536)
    yield contents.imported.subarray(at, at + 65_536);
}

interface Wanted {
  readonly content: Buffer;
  readonly size?: number;
  /** The name of the parent's snapshot; `null` for none. Default: any of `source`. */
  readonly parent?: null;
  readonly template?: boolean;
}

/** Looks at an image that an operation makes. */
const makes =
  (name: string, { content, size = content.length, parent, template = false }: Wanted) =>
  async ({ ioCtx }: Place): Promise<Found> => {
    if (!(await ioCtx.listImages()).some((each) => each.name === name)) {
      const inTrash = (await ioCtx.listTrash()).some((each) => each.name === name);
      return inTrash ? "wrong: a part of it is in the trash" : "nothing";
    }
    const opened = await ignoreNotFound(() => ioCtx.openImage(name, { readOnly: true }));
    if (opened === null) return "wrong: it cannot be opened";
    await using image = opened;
    const has = {
      size: await image.size(),
      parent: await image.parent(),
      snapshots: await image.listSnapshots(),
    };
    if (has.size !== size) return `wrong: it has ${has.size} bytes`;
    if ((has.parent === null) !== (parent === null)) return "wrong: its parent";
    if (has.parent !== null) {
      await using source = await ioCtx.openImage({ id: has.parent.imageId }, { readOnly: true });
      const children = await source.listChildren(has.parent.snapshotId);
      if (!children.some(({ imageId }) => imageId === image.id)) return "wrong: its parent does not list it";
    }
    const shown = has.snapshots.map((each) => `${each.name} ${each.protected}`).join();
    if (shown !== (template ? "snap true" : "")) return `wrong: its snapshots are ${shown}`;
    const metadata = [...(await image.listMetadata()).keys()].filter((key) => key.startsWith("coppice."));
    if (metadata.length > 0) return `wrong: it is marked with ${metadata.join()}`;
    const read = await image.read(0, content.length);
    return read.equals(content)
      ? "done"
      : `wrong: its content ${createHash("md5").update(read).digest("hex")}`;
  };

/** Looks whether images are gone, all or none, with their snapshots. */
const removes =
  (...names: string[]) =>
  async ({ ioCtx }: Place): Promise<Found> => {
    const listed = (await ioCtx.listImages()).filter(({ name }) => names.includes(name));
    if ((await ioCtx.listTrash()).some(({ name }) => names.includes(name)))
      return "wrong: it is in the trash";
    if (listed.length === 0) return "done";
    if (listed.length < names.length) return "wrong: only a part is removed";
    for (const { name } of listed) {
      await using image = await ioCtx.openImage(name, { readOnly: true });
      const snapshots = (await image.listSnapshots()).map((each) => `${each.name} ${each.protected}`).join();
      if (snapshots !== "s true") return `wrong: it is there without its snapshot (${snapshots})`;
    }
    return "nothing";
  };

async function doomed(cluster: Cluster, spec: string): Promise<void> {
  await createImage(cluster, spec, { size: mib });
  await createSnapshot(cluster, `${spec}@s`);
  await protectSnapshot(cluster, `${spec}@s`);
}

export const operations: Readonly<Record<string, KilledOperation>> = {
  clone: {
    run: (cluster, { pool }) =>
      cloneImage(cluster, { source: `${pool}/source`, target: `${pool}/clone`, cloneFormat: 1 }),
    look: makes("clone", { content: contents.current }),
    image: /^clone$/,
  },
  "volume, empty": {
    run: (cluster, { pool }) => createVolume(cluster, { target: `${pool}/empty`, size: 2 * mib }),
    look: makes("empty", { content: contents.empty, parent: null }),
    image: /^empty$/,
  },
  "volume, from a snapshot": {
    run: (cluster, { pool }) =>
      createVolume(cluster, {
        target: `${pool}/from-snapshot`,
        from: { snapshot: `${pool}/source@guarded` },
      }),
    look: makes("from-snapshot", { content: contents.guarded }),
    image: /^from-snapshot$/,
  },
  "volume, a full copy": {
    run: (cluster, { pool }) => {
      const from = { volume: `${pool}/source` };
      return createVolume(cluster, { target: `${pool}/full`, from, maxDepth: 0, cloneFormat: 1 });
    },
    look: makes("full", { content: contents.current, parent: null }),
    image: /^full$/,
  },
  "volume, from a template": {
    run: (cluster, { pool }) => {
      const from = { template: `${pool}/source@guarded` };
      return createVolume(cluster, { target: `${pool}/from-template`, from, size: 6 * mib });
    },
    look: makes("from-template", { content: contents.guarded, size: 6 * mib }),
    image: /^from-template$/,
  },
  capture: {
    run: (cluster, { pool }) =>
      captureImage(cluster, { source: `${pool}/source`, target: `${pool}/captured`, cloneFormat: 1 }),
    look: makes("captured", { content: contents.current, parent: null, template: true }),
    image: /^captured$/,
  },
  "template import": {
    run: (cluster, { pool }) =>
      importTemplate(cluster, { target: `${pool}/imported`, source: importedInPieces(), chunkSize: 262_144 }),
    look: makes("imported", { content: contents.imported, parent: null, template: true }),
    image: /^imported$/,
  },
  "raw import": {
    run: (cluster, { pool }) => importRaw(cluster, { image: `${pool}/raw`, source: importedInPieces() }),
    look: makes("raw", { content: contents.imported, parent: null }),
    image: /^raw$/,
  },
  "snapshot with protection": {
    prepare: (cluster, { pool }) => createImage(cluster, `${pool}/snapped`, { size: mib }),
    run: (cluster, { pool }) =>
      createVolumeSnapshot(cluster, { volume: `${pool}/snapped`, name: "s", protect: true }),
    async look({ ioCtx }) {
      await using image = await ioCtx.openImage("snapped", { readOnly: true });
      const shown = (await image.listSnapshots()).map((each) => `${each.name} ${each.protected}`).join();
      if (shown === "") return "nothing";
      return shown === "s true" ? "done" : `wrong: ${shown}`;
    },
    image: /^snapped$/,
  },
  flatten: {
    prepare: (cluster, { pool }) =>
      cloneImage(cluster, { source: `${pool}/source@guarded`, target: `${pool}/flat`, cloneFormat: 1 }),
    run: (cluster, { pool }) => flattenImage(cluster, `${pool}/flat`),
    async look(place) {
      const found = await makes("flat", { content: contents.guarded, parent: null })(place);
      if (found !== "wrong: its parent") return found;
      const before = await makes("flat", { content: contents.guarded })(place);
      return before === "done" ? "nothing" : before;
    },
    image: /^flat$/,
  },
  delete: {
    async prepare(cluster, { pool }) {
      await createImage(cluster, `${pool}/parent`, { size: mib });
      await using image = await openImage(cluster, `${pool}/parent`);
      await image.write(0, Buffer.alloc(4096, 7));
      await cloneImage(cluster, { source: `${pool}/parent`, target: `${pool}/deleted`, cloneFormat: 1 });
      await createSnapshot(cluster, `${pool}/deleted@s`);
      await protectSnapshot(cluster, `${pool}/deleted@s`);
    },
    run: (cluster, { pool }) => deleteVolume(cluster, { volume: `${pool}/deleted`, snapshots: "all" }),
    async look(place) {
      const found = await removes("deleted")(place);
      await using image = await place.ioCtx.openImage("parent", { readOnly: true });
      const kept = (await image.listSnapshots()).length;
      if (found === "done" && kept > 0) return "wrong: its parent keeps the snapshot that was made for it";
      return found === "nothing" && kept === 0 ? "wrong: its parent's snapshot is gone" : found;
    },
    image: /^deleted$/,
  },
  "removal by prefix": {
    async prepare(cluster, { pool }) {
      for (const disk of ["disk-0", "disk-1"]) await doomed(cluster, `${pool}/${disk}`);
    },
    run: (cluster, { pool }) => removeByPrefix(cluster, { pool, prefix: "disk-", snapshots: "all" }),
    look: removes("disk-0", "disk-1"),
    image: /^disk-/,
  },
  "trash purge": {
    async prepare(cluster, { trash }) {
      for (const name of ["old-0", "old-1"]) {
        await createImage(cluster, `${trash}/${name}`, { size: mib });
        await createSnapshot(cluster, `${trash}/${name}@s`);
        await moveToTrash(cluster, `${trash}/${name}`);
      }
    },
    run: (cluster, { trash }) => purgeTrash(cluster, { pools: [trash], withSnapshots: true }),
    async look({ trash }) {
      if ((await trash.listImages()).length > 0) return "wrong: it was restored";
      const left = await trash.listTrash();
      if (left.length === 0) return "done";
      for (const { id } of left) {
        const opened = await ignoreNotFound(() => trash.openImage({ id }, { readOnly: true }));
        if (opened === null) return "wrong: it cannot be opened";
        await using image = opened;
        if ((await image.listSnapshots()).length === 0) return "wrong: its snapshot is gone";
      }
      return "nothing";
    },
    image: /^old-/,
  },
};

/** Makes what all operations of a round work on. */
export async function prepareRound(cluster: Cluster, pools: Pools): Promise<void> {
  await cluster.createPool(pools.pool);
  await cluster.createPool(pools.trash);
  const source = `${pools.pool}/source`;
  await createImage(cluster, source, { size: 4 * mib });
  {
    await using image = await openImage(cluster, source);
    await image.write(0, contents.guarded);
    await image.createSnapshot("guarded");
    await image.protectSnapshot("guarded");
    await image.write(0, contents.current);
  }
  for (const { prepare } of Object.values(operations)) await prepare?.(cluster, pools);
}

/**
 * Looks at every operation of a round, applies a remedy at once, and looks again.
 *
 * @param count Is told what became of each operation.
 * @returns What is wrong; nothing is right.
 */
export async function remedyRound(
  cluster: Cluster,
  pools: Pools,
  remedy: "the same call" | "reconcile",
  count: (name: string, outcome: string) => void = () => {},
): Promise<string[]> {
  const [ioCtx, trash] = [await cluster.pool(pools.pool), await cluster.pool(pools.trash)];
  const recorded = [...(await readOperations(ioCtx)), ...(await readOperations(trash))];
  const isRecorded = (image: RegExp) => recorded.some(({ record }) => image.test(record?.image ?? ""));
  const wrong: string[] = [];
  const before = new Map<string, string>();
  for (const [name, { look, image }] of Object.entries(operations)) {
    if (!isRecorded(image)) before.set(name, await look({ ioCtx, trash }));
  }
  if (remedy === "reconcile") {
    for (const { operation, outcome, what } of await reconcile(cluster, {
      pools: [pools.pool, pools.trash],
    })) {
      if (outcome !== "finished" && outcome !== "undone")
        wrong.push(`${operation.image.image}: ${outcome}: ${what}`);
    }
  }
  for (const [name, { run, look }] of Object.entries(operations)) {
    const unrecorded = before.get(name);
    let outcome = unrecorded === undefined ? `by ${remedy}` : unrecorded === "done" ? "whole" : "not begun";
    if (remedy === "the same call") {
      await run(cluster, pools).catch((error: unknown) => {
        const wasDone = unrecorded === "done" && (hasCode(error, "EXISTS") || hasCode(error, "NOT_FOUND"));
        if (!wasDone) wrong.push(`${name}: ${String(error)}`);
      });
    }
    const after = await look({ ioCtx, trash });
    if (outcome === "by reconcile")
      outcome = after === "done" ? "finished by reconcile" : "undone by reconcile";
    const isRight = after === "done" || (after === "nothing" && remedy === "reconcile");
    if (!isRight) wrong.push(`${name}: ${after} (${unrecorded ?? "recorded"} before)`);
    count(name, isRight ? outcome : "WRONG");
  }
  const left = [...(await readOperations(ioCtx)), ...(await readOperations(trash))].map(({ key }) => key);
  if (left.length > 0) wrong.push(`records are left: ${left.join()}`);
  await using source = await ioCtx.openImage("source", { readOnly: true });
  for (const { name } of await source.listSnapshots()) {
    if (name === "guarded" || (await source.listChildren(name)).length > 0) continue;
    wrong.push(`the snapshot ${name} of the source is left`);
  }
  return wrong;
}

export interface DyingRound extends Pools {
  readonly conf: string;
  /** Names of operations, which begin together. */
  readonly names: readonly string[];
}

if (process.argv[1] === import.meta.filename) {
  const { conf, names, ...pools } = JSON.parse(process.argv[2] ?? "") as DyingRound;
  const cluster = await connect({ conf });
  const running = names.map((name) => operations[name]?.run(cluster, pools));
  process.send?.("begun");
  for (const outcome of await Promise.allSettled(running)) {
    // Another operation of the round may keep a source busy for a moment.
    if (outcome.status === "rejected" && !hasCode(outcome.reason, "BUSY")) throw outcome.reason;
  }
  await cluster.close();
  process.exit(0);
}
