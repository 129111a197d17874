// Worker threads that are ended at a random moment of their work: `worker-ends.ts CONF POOL COUNT`.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Cluster } from "rbd-native";

const MiB = 2 ** 20;

async function work(conf: string, pool: string, image: string): Promise<never> {
  parentPort?.postMessage("started");
  const cluster = await Cluster.connect({ conf });
  const io = await cluster.openPool(pool);
  await io.createImage(image, { size: 64 * MiB });
  const open = await io.openImage(image);
  const data = Buffer.alloc(MiB, 1);
  parentPort?.postMessage("working");
  for (let round = 0; ; round++) {
    const writes = Array.from({ length: 32 }, (_, i) => open.write(i * MiB, data));
    const blocks = Array.from({ length: 8 }, (_, i) => {
      const block = open.allocateBlock(MiB);
      block.data.fill(i);
      return open.writeBlock((32 + i) * MiB, block);
    });
    const reads = Array.from({ length: 32 }, (_, i) => open.read(i * MiB, MiB));
    const facts = [open.stat(), open.listSnapshots(), io.listImages(), open.createSnapshot(`s${round}`)];
    await Promise.all([...writes, ...blocks, ...reads, ...facts]);
    for await (const batch of open.diffIterate()) if (batch.count === 0) break;
  }
}

async function endSome(conf: string, pool: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { conf, pool, image: `worker-${i}` } });
    worker.on("error", (error) => {
      console.error(error);
      process.exitCode = 1;
    });
    // Even ones while they connect, odd ones in the middle of their reads and writes.
    const awaited = i % 2 === 0 ? "started" : "working";
    await new Promise<void>((resolve) => {
      worker.on("message", (text) => {
        if (text === awaited) setTimeout(resolve, 7 * (i % 5));
      });
    });
    await worker.terminate();
  }
}

if (isMainThread) {
  const [conf, pool, count] = process.argv.slice(2) as [string, string, string];
  await endSome(conf, pool, Number(count));
  console.log("survived");
} else {
  const { conf, pool, image } = workerData as { conf: string; pool: string; image: string };
  await work(conf, pool, image);
}
