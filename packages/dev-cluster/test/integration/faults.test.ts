import { once } from "node:events";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clusterStatus, startCluster } from "../../src/index.ts";
import { health, rbd } from "../support/clients.ts";
import { scratchClusterFolder } from "../support/scratch-cluster.ts";

test("a daemon that is killed is started again, alone or by the next start", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir });
  await rbd(cluster.conf, "create", "--size", "1G", "rbd/tree");

  const osd = cluster.daemon("osd.0");
  const before = await osd.pid();
  await osd.kill();
  expect(await osd.pid()).toBeUndefined();
  expect((await clusterStatus(scratch.dir)).state).toBe("degraded");
  await osd.start();
  expect(await osd.pid()).not.toBe(before);
  expect(await rbd(cluster.conf, "ls")).toBe("tree\n");

  const survivor = await osd.pid();
  await cluster.daemon("mon.a").kill();
  await cluster.daemon("mgr.x").kill();
  await startCluster({ dir: scratch.dir });
  expect(await osd.pid()).toBe(survivor);
  expect(await rbd(cluster.conf, "ls")).toBe("tree\n");
  expect(await health(cluster.conf)).toBe("HEALTH_OK");

  for (const daemon of cluster.daemons) await daemon.kill();
  await startCluster({ dir: scratch.dir });
  expect(await rbd(cluster.conf, "ls")).toBe("tree\n");
  expect(() => cluster.daemon("osd.7")).toThrow("It has mon.a, mgr.x, osd.0.");
});

test("a pid file that names an unrelated process has no effect on either", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  for (const daemon of cluster.daemons) await daemon.kill();
  for (const { name } of cluster.daemons) {
    await writeFile(join(scratch.dir, "run", `${name}.pid`), `${process.pid}\n`);
  }
  expect((await clusterStatus(scratch.dir)).state).toBe("stopped");
  await cluster.stop();
  await startCluster({ dir: scratch.dir, mgr: false });
  expect((await clusterStatus(scratch.dir)).state).toBe("running");
});

test("the monitor moves when its port was taken meanwhile", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  await rbd(cluster.conf, "create", "--size", "1G", "rbd/tree");
  const portOf = async () =>
    Number(/^mon host = .*:(\d+)\]$/m.exec(await readFile(cluster.conf, "utf8"))?.[1]);
  const port = await portOf();
  // The OSD lives on, and knows the monitor by an address that will never answer again.
  await cluster.daemon("mon.a").kill();
  const thief = createServer().listen({ host: "127.0.0.1", port });
  await once(thief, "listening");
  try {
    const moved = await startCluster({ dir: scratch.dir, mgr: false });
    expect(moved.fsid).toBe(cluster.fsid);
    expect(await portOf()).not.toBe(port);
    expect(await rbd(moved.conf, "ls")).toBe("tree\n");
    await moved.stop();
    await startCluster({ dir: scratch.dir, mgr: false });
    expect(await rbd(moved.conf, "ls")).toBe("tree\n");
  } finally {
    thief.close();
  }
});

test("a stopped cluster can be moved to another folder", async () => {
  await using scratch = await scratchClusterFolder();
  await using elsewhere = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  await rbd(cluster.conf, "create", "--size", "1G", "rbd/tree");
  await cluster.stop();
  await rename(scratch.dir, elsewhere.dir);
  const moved = await startCluster({ dir: elsewhere.dir, mgr: false });
  expect(moved.fsid).toBe(cluster.fsid);
  expect(await rbd(moved.conf, "ls")).toBe("tree\n");
});

test("daemons of a cluster whose folder was removed are stopped for a new one", async () => {
  await using scratch = await scratchClusterFolder();
  const lost = await startCluster({ dir: scratch.dir, mgr: false });
  await rm(scratch.dir, { recursive: true });
  const steps: string[] = [];
  const fresh = await startCluster({ dir: scratch.dir, mgr: false, onProgress: (step) => steps.push(step) });
  expect(fresh.fsid).not.toBe(lost.fsid);
  expect(steps).toContain("Stopping processes of an earlier start: mon.a, osd.0");
  expect(await rbd(fresh.conf, "ls")).toBe("");
});

test("a daemon that cannot start says why, and the rest is stopped again", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  await cluster.stop();
  await writeFile(join(scratch.dir, "osd.0", "type"), "papyrus\n");
  await expect(startCluster({ dir: scratch.dir, mgr: false })).rejects.toMatchObject({
    code: "DAEMON_FAILED",
    object: "osd.0",
    message: expect.stringContaining("unable to create object store"),
  });
  expect((await clusterStatus(scratch.dir)).state).toBe("stopped");
});

test("refuses a folder with a damaged state file, or with a cluster's data and no state file", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  await cluster.stop();
  const stateFile = join(scratch.dir, "cluster.json");
  const state = await readFile(stateFile, "utf8");

  await writeFile(stateFile, state.slice(0, 40));
  await expect(startCluster({ dir: scratch.dir })).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
  await rm(stateFile);
  await expect(startCluster({ dir: scratch.dir })).rejects.toMatchObject({ code: "UNSUITABLE_FOLDER" });

  await writeFile(stateFile, state);
  expect((await startCluster({ dir: scratch.dir, mgr: false })).fsid).toBe(cluster.fsid);
});
