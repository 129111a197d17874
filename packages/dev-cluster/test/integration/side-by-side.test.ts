import { expect, test } from "vitest";
import { clusterStatus, startCluster } from "../../src/index.ts";
import { rbd } from "../support/clients.ts";
import { scratchClusterFolder } from "../support/scratch-cluster.ts";

test("two clusters start at the same time and are independent, in folders of any name", async () => {
  await using oak = await scratchClusterFolder(`mit Blättern & "Ästen"=#1 ${"tief".repeat(30)}`);
  await using elm = await scratchClusterFolder();
  const [first, second] = await Promise.all([
    startCluster({ dir: oak.dir, mgr: false }),
    startCluster({ dir: elm.dir, mgr: false }),
  ]);
  expect(first.fsid).not.toBe(second.fsid);
  await rbd(first.conf, "create", "--size", "1G", "rbd/oak");
  await rbd(second.conf, "create", "--size", "1G", "rbd/elm");
  expect(await rbd(first.conf, "ls")).toBe("oak\n");
  expect(await rbd(second.conf, "ls")).toBe("elm\n");

  await first.stop();
  expect((await clusterStatus(oak.dir)).state).toBe("stopped");
  expect((await clusterStatus(elm.dir)).state).toBe("running");
  expect(await rbd(second.conf, "ls")).toBe("elm\n");
});

test("two starts of the same folder run one after the other and give one cluster", async () => {
  await using scratch = await scratchClusterFolder();
  const waited: string[] = [];
  const onProgress = (step: string) => {
    if (step.startsWith("Waiting for")) waited.push(step);
  };
  const start = () => startCluster({ dir: scratch.dir, mgr: false, onProgress });
  const [first, second] = await Promise.all([start(), start()]);
  expect(first.fsid).toBe(second.fsid);
  expect(waited).toEqual([`Waiting for process ${process.pid} (starting the cluster)`]);
});
