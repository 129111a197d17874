import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clusterStatus, startCluster, stopCluster } from "../../src/index.ts";
import { cephJson, health, rbd } from "../support/clients.ts";
import { scratchClusterFolder } from "../support/scratch-cluster.ts";

test("starts healthy, keeps its data over a restart, and takes over what runs", async () => {
  await using scratch = await scratchClusterFolder();
  expect(await clusterStatus(scratch.dir)).toEqual({ state: "absent", daemons: [] });
  await stopCluster(scratch.dir);

  const steps: string[] = [];
  const cluster = await startCluster({ dir: scratch.dir, onProgress: (step) => steps.push(step) });
  expect(steps.at(-1)).toBe("Ready");
  expect(await health(cluster.conf)).toBe("HEALTH_OK");
  const status = await clusterStatus(scratch.dir);
  expect(status).toMatchObject({ state: "running", conf: cluster.conf });
  expect(status.daemons.map(({ name }) => name)).toEqual(["mon.a", "mgr.x", "osd.0"]);

  const source = join(scratch.dir, "..", "source");
  await writeFile(source, "leaf".repeat(4096));
  await rbd(cluster.conf, "import", source, "rbd/tree");

  const again = await startCluster({ dir: scratch.dir });
  expect(again.fsid).toBe(cluster.fsid);
  expect(await clusterStatus(scratch.dir)).toEqual(status);

  await cluster.stop();
  expect((await clusterStatus(scratch.dir)).state).toBe("stopped");
  await using _restarted = await startCluster({ dir: scratch.dir });
  expect(await rbd(cluster.conf, "export", "--no-progress", "rbd/tree", "-")).toBe("leaf".repeat(4096));
  expect(await health(cluster.conf)).toBe("HEALTH_OK");
});

test("makes keys and folders accessible to their owner only", async () => {
  await using scratch = await scratchClusterFolder();
  await using _cluster = await startCluster({ dir: scratch.dir, mgr: false });
  const mode = async (name: string) => (await stat(join(scratch.dir, name))).mode & 0o777;
  expect(await mode(".")).toBe(0o700);
  for (const name of [
    "ceph.conf",
    "cluster.json",
    "keyring",
    "mon.a/keyring",
    "mgr.x/keyring",
    "osd.0/keyring",
  ]) {
    expect([name, await mode(name)]).toEqual([name, 0o600]);
  }
  // Nothing that was needed only for the making is left, least of all a second copy of the keys.
  expect((await readdir(scratch.dir)).sort()).toEqual(
    ["ceph.conf", "cluster.json", "crash", "keyring", "log", "mgr.x", "mon.a", "osd.0", "run"].sort(),
  );
});

test("runs without a manager, and adds one later", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  expect((await clusterStatus(scratch.dir)).daemons.map(({ name }) => name)).toEqual(["mon.a", "osd.0"]);
  await rbd(cluster.conf, "create", "--size", "1G", "rbd/tree");
  await rbd(cluster.conf, "snap", "create", "rbd/tree@monday");

  const withManager = await startCluster({ dir: scratch.dir });
  await using _stop = withManager;
  expect(withManager.daemons.map(({ name }) => name)).toEqual(["mon.a", "mgr.x", "osd.0"]);
  expect(await cephJson(cluster.conf, "mgr", "stat")).toMatchObject({ available: true, active_name: "x" });
  expect(await rbd(cluster.conf, "ls")).toBe("tree\n");
});

test("takes settings and more OSDs, and grows later", async () => {
  await using scratch = await scratchClusterFolder();
  const conf = { "osd pool default pg num": "4" };
  const cluster = await startCluster({ dir: scratch.dir, mgr: false, osds: 2, osdSizeGiB: 4, conf });
  await using _stop = cluster;
  const osds = async () => (await cephJson(cluster.conf, "osd", "stat")) as Record<string, number>;
  expect(await osds()).toMatchObject({ num_osds: 2, num_up_osds: 2, num_in_osds: 2 });
  expect((await stat(join(scratch.dir, "osd.1", "block"))).size).toBe(4 * 1024 ** 3);
  expect(await cephJson(cluster.conf, "osd", "pool", "get", "rbd", "pg_num")).toMatchObject({ pg_num: 4 });
  await rbd(cluster.conf, "create", "--size", "1G", "rbd/tree");

  const grown = await startCluster({ dir: scratch.dir, mgr: false, osds: 3 });
  expect(grown.daemons.map(({ name }) => name)).toEqual(["mon.a", "osd.0", "osd.1", "osd.2"]);
  expect(await osds()).toMatchObject({ num_osds: 3, num_up_osds: 3 });
  expect(await rbd(cluster.conf, "ls")).toBe("tree\n");
});
