import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCluster } from "../../src/index.ts";
import { cli, killAtStep } from "../support/cli.ts";
import { cephJson, health, rbd } from "../support/clients.ts";
import { scratchClusterFolder } from "../support/scratch-cluster.ts";

async function recorded(dir: string): Promise<{ fsid: string; phase: string } | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, "cluster.json"), "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

test("a making that is killed at any step is made again by the next start", async () => {
  await using scratch = await scratchClusterFolder();
  const start = ["start", "--dir", scratch.dir];
  const fsids = new Set<string>();
  const steps = [
    "Checking",
    "Making the monitor",
    "Making osd.0",
    "Starting mon.a",
    "Starting mgr.x",
    "Starting osd.0",
    "Initialising",
  ];
  for (const step of steps) {
    expect(await killAtStep(start, step)).toMatchObject({ killed: true });
    const state = await recorded(scratch.dir);
    if (state === undefined) continue;
    expect(state.phase).toBe("making");
    fsids.add(state.fsid);
  }
  const { code, stdout, progress } = await cli([...start, "--json"]);
  expect({ code, progress }).toMatchObject({ code: 0 });
  const { conf, fsid } = JSON.parse(stdout);
  expect(fsids.has(fsid)).toBe(false);
  expect(await health(conf)).toBe("HEALTH_OK");
  expect((await recorded(scratch.dir))?.phase).toBe("ready");
});

test("a restart that is killed at any step loses nothing and is finished by the next one", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  await rbd(cluster.conf, "create", "--size", "1G", "rbd/tree");
  await cluster.stop();
  // A manager takes seconds of computing to start: only the last of these has one.
  for (const step of ["Starting mon.a", "Starting osd.0", "Ready", "Starting mgr.x"]) {
    const mgr = step === "Starting mgr.x";
    const start = ["start", "--dir", scratch.dir, ...(mgr ? [] : ["--no-mgr"])];
    expect(await killAtStep(start, step)).toMatchObject({ killed: true });
    expect(await recorded(scratch.dir)).toMatchObject({ fsid: cluster.fsid, phase: "ready" });
    const next = await startCluster({ dir: scratch.dir, mgr });
    expect(next.fsid).toBe(cluster.fsid);
    expect(await rbd(next.conf, "ls")).toBe("tree\n");
    await next.stop();
  }
});

test("an OSD whose making is killed is made by the next start, beside those that have data", async () => {
  await using scratch = await scratchClusterFolder();
  const cluster = await startCluster({ dir: scratch.dir, mgr: false });
  await rbd(cluster.conf, "create", "--size", "1G", "rbd/tree");
  const grow = ["start", "--dir", scratch.dir, "--no-mgr", "--osds", "2"];
  for (const step of ["Making osd.1", "Starting osd.1"]) {
    expect(await killAtStep(grow, step)).toMatchObject({ killed: true });
    expect(await recorded(scratch.dir)).toMatchObject({ fsid: cluster.fsid, phase: "ready" });
  }
  // Asked for or not: what was begun is finished.
  const grown = await startCluster({ dir: scratch.dir, mgr: false });
  expect(await cephJson(grown.conf, "osd", "stat")).toMatchObject({ num_osds: 2, num_up_osds: 2 });
  expect(await rbd(grown.conf, "ls")).toBe("tree\n");
});

test("the daemons outlive their starter, and an interrupted start leaves none", async () => {
  await using scratch = await scratchClusterFolder();
  const started = await cli(["start", "--dir", scratch.dir, "--no-mgr", "--json"]);
  expect(started.code).toBe(0);
  expect(await rbd(JSON.parse(started.stdout).conf, "ls")).toBe("");
  expect((await cli(["status", "--dir", scratch.dir])).code).toBe(0);
  expect((await cli(["stop", "--dir", scratch.dir])).code).toBe(0);
  expect((await cli(["status", "--dir", scratch.dir])).code).toBe(3);

  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = startCluster({
    dir: scratch.dir,
    signal: controller.signal,
    onProgress: (step) => {
      if (step === "Starting osd.0") controller.abort(reason);
    },
  });
  await expect(aborted).rejects.toBe(reason);
  const status = JSON.parse((await cli(["status", "--dir", scratch.dir, "--json"])).stdout);
  expect(status.state).toBe("stopped");
});
