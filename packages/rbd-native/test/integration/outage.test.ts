import { readdir, readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { type DevCluster, startTemporaryCluster } from "@coppice/dev-cluster";
import { Cluster } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";

const MiB = 2 ** 20;
let ceph: DevCluster;
beforeAll(async () => {
  ceph = await startTemporaryCluster({ prefix: "coppice-outage", mgr: false, osdSizeGiB: 4 });
  await using cluster = await Cluster.connect({ conf: ceph.conf });
  await using io = await cluster.openPool("rbd");
  await io.createImage("disk", { size: 64 * MiB });
  await using image = await io.openImage("disk");
  // An object that is not there is read without asking an OSD.
  await image.write(8 * MiB, Buffer.alloc(4096, 8));
});
afterAll(async () => {
  await ceph.stop();
});

async function signal(daemon: string, name: "SIGSTOP" | "SIGCONT"): Promise<void> {
  const pid = await ceph.daemon(daemon).pid();
  if (pid === undefined) throw new Error(`${daemon} does not run`);
  process.kill(pid, name);
  // A signal is on its way when kill returns; until every thread stands still, calls may be answered.
  while (name === "SIGSTOP" && !(await standsStill(pid))) await setImmediate();
}

async function standsStill(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/stat`, "utf8")));
  return stats.every((stat) => /\) T /.test(stat));
}

const timedOut = expect.objectContaining({ name: "RbdError", code: "TIMED_OUT" });

test("a cluster that stops answering ends calls with TIMED_OUT, and closing does not hang", async () => {
  const cluster = await Cluster.connect({ conf: ceph.conf, osdTimeoutSeconds: 2, monTimeoutSeconds: 2 });
  const io = await cluster.openPool("rbd");
  const image = await io.openImage("disk");
  await image.write(0, Buffer.alloc(4096, 1));
  await signal("osd.0", "SIGSTOP");
  try {
    const calls = [
      image.read(8 * MiB, 4096),
      image.write(16 * MiB, Buffer.alloc(4096)),
      io.listImages(),
      io.openImage("disk"),
      io.objects.stat("rbd_directory"),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toEqual({ status: "rejected", reason: timedOut });
    }
    await signal("mon.a", "SIGSTOP");
    await expect(cluster.monCommand({ prefix: "status" })).rejects.toEqual(timedOut);
    await expect(Cluster.connect({ conf: ceph.conf, mountTimeoutSeconds: 1 })).rejects.toEqual(timedOut);
    await cluster.close();
  } finally {
    await signal("mon.a", "SIGCONT");
    await signal("osd.0", "SIGCONT");
  }
  await using again = await Cluster.connect({ conf: ceph.conf });
  await using pool = await again.openPool("rbd");
  await using disk = await pool.openImage("disk", { readOnly: true });
  expect((await disk.read(0, 4096)).every((byte) => byte === 1)).toBe(true);
});

test("a block whose write timed out is sent unchanged, if it is sent at all", async () => {
  const [offset, length] = [32 * MiB, 16 * MiB];
  const cluster = await Cluster.connect({ conf: ceph.conf, osdTimeoutSeconds: 2, monTimeoutSeconds: 2 });
  const io = await cluster.openPool("rbd");
  const image = await io.openImage("disk");
  await image.write(0, Buffer.alloc(4096, 1));
  await signal("osd.0", "SIGSTOP");
  try {
    const given = image.allocateBlock(length);
    given.data.fill(0xab);
    await expect(image.writeBlock(offset, given)).rejects.toEqual(timedOut);
    given[Symbol.dispose]();
    // Finalizers run then. Memory that was let go of too early would be found again among what follows.
    await setImmediate();
    for (let i = 0; i < 4; i++) image.allocateBlock(length).data.fill(0xcd);
  } finally {
    await signal("osd.0", "SIGCONT");
  }
  // What is still to be sent goes before this, on the same connection.
  await image.read(8 * MiB, 4096);
  await cluster.close();
  await using again = await Cluster.connect({ conf: ceph.conf });
  await using pool = await again.openPool("rbd");
  await using disk = await pool.openImage("disk", { readOnly: true });
  const found = await disk.read(offset, length);
  expect(found.every((byte) => byte === 0 || byte === 0xab)).toBe(true);
});

test("an OSD that is killed and started again under load loses nothing", async () => {
  await using cluster = await Cluster.connect({ conf: ceph.conf });
  await using io = await cluster.openPool("rbd");
  await using image = await io.openImage("disk");
  const blocks = 1024;
  const block = (i: number) => Buffer.alloc(16 * 1024, i & 255);
  let next = 0;
  let restarted: Promise<void> | undefined;
  const write = async () => {
    while (next < blocks) {
      const i = next++;
      if (i === 200) {
        restarted = (async () => {
          await ceph.daemon("osd.0").kill();
          await ceph.daemon("osd.0").start();
        })();
      }
      await image.write(i * 16 * 1024, block(i));
    }
  };
  await Promise.all(Array.from({ length: 16 }, write));
  await restarted;
  await image.flush();
  for (let i = 0; i < blocks; i++) {
    if (!(await image.read(i * 16 * 1024, 16 * 1024)).equals(block(i))) throw new Error(`block ${i} differs`);
  }
});
