import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Cluster, connect, createImage, forest, inventory, removeImage } from "rbd-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { plantForest } from "../../src/plant-forest.ts";
import { forestIn } from "../support.ts";

const conf = inject("cephConf");
const prefixes: string[] = [];
let cluster: Cluster;

beforeAll(async () => {
  cluster = await connect({ conf });
});

afterAll(async () => {
  const there = new Set((await cluster.listPools()).map((pool) => pool.name));
  const own = new Set(prefixes.flatMap((prefix) => forestIn(prefix).pools));
  for (const pool of there.intersection(own)) await cluster.deletePool(pool);
  await cluster?.close();
});

function ownPrefix(name: string): string {
  const prefix = `demo-${name}-${process.pid}`;
  prefixes.push(prefix);
  return prefix;
}

/** Everything about a forest but what differs from planting to planting. */
async function picture(prefix: string) {
  const found = await inventory(cluster, { pools: forestIn(prefix).pools });
  expect(found.pools.every((pool) => pool.error === null)).toBe(true);
  const { nodes } = forest(found);
  const nameOf = (key: string | null) =>
    key === null ? null : nodes.get(key)?.row.spec.slice(prefix.length);
  return [...nodes.values()].map(({ row, parentKey, parentSnapshot, depth, marks }) => {
    if (row.state !== "ok") throw row.error;
    const { size, features, stripeUnit, stripeCount, dataPool } = row;
    return {
      spec: row.spec.slice(prefix.length),
      parent: [nameOf(parentKey), parentSnapshot],
      depth,
      marks,
      layout: [size, features, stripeUnit, stripeCount, dataPool?.slice(prefix.length)],
      snapshots: row.snapshots.map((snapshot) => [snapshot.name, snapshot.protected]),
      trash: row.trash !== null,
    };
  });
}

const run = promisify(execFile);

/** Of the data alone: most of these images are holes, which `rbd export` would write out. */
async function md5(spec: string): Promise<string> {
  const pipe = `set -o pipefail; rbd -c '${conf}' export-diff --no-progress '${spec}' - | md5sum`;
  return (await run("bash", ["-c", pipe])).stdout;
}

async function changedSince(spec: string, snapshot: string): Promise<unknown[]> {
  const args = ["-c", conf, "diff", "--from-snap", snapshot, spec, "--format", "json"];
  return JSON.parse((await run("rbd", args)).stdout) as unknown[];
}

/** Plants in another process, and kills it when it begins the image of that number. */
async function plantAndKill(prefix: string, at: number): Promise<void> {
  const script = fileURLToPath(new URL("../plant-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, conf, prefix], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  for await (const line of createInterface(child.stdout)) {
    if (Number(line) === at) child.kill("SIGKILL");
  }
  expect(await ended).toEqual([null, "SIGKILL"]);
}

describe("planting", () => {
  it("plants a forest with every kind of image, once", async () => {
    const prefix = ownPrefix("once");
    const steps: number[] = [];
    const plan = forestIn(prefix);
    const total = plan.images.length;
    expect(await plantForest(cluster, plan, { onProgress: ({ done }) => steps.push(done) })).toEqual({
      planted: true,
      images: total,
    });
    expect(steps).toEqual(Array.from({ length: total + 1 }, (_, i) => i));

    const images = await picture(prefix);
    expect(images).toHaveLength(total);
    const marks = new Set(images.flatMap((image) => image.marks));
    expect(marks).toEqual(new Set(["deep", "flatten-candidate", "parent-in-trash"]));
    expect(Math.max(...images.map((image) => image.depth))).toBe(5);
    expect(images.filter((image) => image.trash).map((image) => image.spec)).toEqual(["-vms/legacy-base"]);
    expect(images.some((image) => image.layout[3] === 8)).toBe(true);
    expect(images.some((image) => image.layout[4] === "-rbd-data")).toBe(true);

    // What people do with it afterwards stays done.
    await removeImage(cluster, `${prefix}-vms/db-1-test`);
    expect(await plantForest(cluster, plan)).toEqual({ planted: false, images: total });
    expect(await picture(prefix)).toHaveLength(total - 1);

    // The newest snapshot of this one is its current state, the older ones are not.
    const build = `${prefix}-vms/build-1`;
    expect(await changedSince(build, "wednesday")).toEqual([]);
    expect(await changedSince(build, "tuesday")).not.toEqual([]);
  });

  it("resumes after repeated kills and ends with the same forest", { timeout: 180_000 }, async () => {
    const prefix = ownPrefix("killed");
    for (const at of [0, 4, 7, 12, 15]) await plantAndKill(prefix, at);
    expect(await plantForest(cluster, forestIn(prefix))).toMatchObject({ planted: true });
    const reference = ownPrefix("reference");
    await plantForest(cluster, forestIn(reference));
    expect(await picture(prefix)).toEqual(await picture(reference));
    for (const spec of ["-images/golden-web", "-vms/db-1-test", "-rbd/logs@monday"]) {
      expect(await md5(prefix + spec)).toBe(await md5(reference + spec));
    }
  });

  it("refuses a cluster that has an image with a planned name", async () => {
    const prefix = ownPrefix("stranger");
    await cluster.createPool(`${prefix}-vms`);
    await createImage(cluster, `${prefix}-vms/web-1`, { size: 1024 * 1024 });
    await expect(plantForest(cluster, forestIn(prefix))).rejects.toMatchObject({
      code: "EXISTS",
      object: `${prefix}-vms/web-1`,
    });
    expect((await inventory(cluster, { pools: [`${prefix}-vms`, `${prefix}-images`] })).rows).toHaveLength(1);
  });
});
