// Many operations without growth of memory: `many-operations.ts CONF POOL COUNT`, --expose-gc.
import { Cluster } from "rbd-native";

const [conf, pool, count] = process.argv.slice(2) as [string, string, string];
const collect = globalThis.gc as () => void;
const MiB = 2 ** 20;
const BLOCK = 4096;
const LARGER = 65_536;
const IN_FLIGHT = 32;

const cluster = await Cluster.connect({ conf });
const io = await cluster.openPool(pool);
await io.createImage("many", { size: 16 * MiB });
const image = await io.openImage("many");
const data = Buffer.alloc(BLOCK, 7);
await image.write(0, Buffer.alloc(16 * MiB, 7));

async function writeLarger(offset: number): Promise<void> {
  using block = image.allocateBlock(LARGER);
  block.data.fill(7);
  await image.writeBlock(offset, block);
}

async function run(count: number): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < count) {
      const i = next++;
      const offset = (i % 4096) * BLOCK;
      if (i % 100 === 3) await writeLarger((i % 256) * LARGER);
      else if (i % 25 === 0) await image.write(offset, data);
      else if (i % 50 === 1) await image.stat();
      else if (i % 50 === 2) await io.objects.readOmap(`rbd_header.${image.id}`);
      else await image.read(offset, BLOCK);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

function settledMemory(): number {
  for (let i = 0; i < 4; i++) collect();
  return process.memoryUsage.rss();
}

await run(Number(count) / 5);
const before = settledMemory();
await run(Number(count));
const grown = settledMemory() - before;
await cluster.close();
console.log(JSON.stringify({ grown }));
