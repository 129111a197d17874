// Drops images, pools and connections without closing them, under load: `drop-references.ts CONF POOL`, --expose-gc.
import { Cluster } from "rbd-native";

const [conf, pool] = process.argv.slice(2) as [string, string];
const collect = globalThis.gc as () => void;
const MiB = 2 ** 20;

async function watchers(): Promise<number> {
  const cluster = await Cluster.connect({ conf });
  const io = await cluster.openPool(pool);
  const image = await io.openImage("dropped", { readOnly: true });
  const found = await image.listWatchers();
  await cluster.close();
  return found.length;
}

async function useAndDrop(round: number): Promise<void> {
  const cluster = await Cluster.connect({ conf });
  const io = await cluster.openPool(pool);
  if (round === 0) await io.createImage("dropped", { size: 16 * MiB });
  for (let i = 0; i < 4; i++) {
    const image = await io.openImage("dropped");
    const some = await Promise.all(Array.from({ length: 16 }, (_, j) => image.read(j * MiB, MiB)));
    if (some.length !== 16) throw new Error("reads are missing");
    // Not waited for: in flight while everything that leads to them is dropped.
    for (let j = 0; j < 16; j++) void image.read(j * MiB, MiB);
    collect();
  }
}

for (let round = 0; round < 3; round++) await useAndDrop(round);

// Finalizers and closes take turns of the event loop; each turn may free the next.
let left = await watchers();
for (let turn = 0; turn < 200 && left > 0; turn++) {
  collect();
  left = await watchers();
}
console.log(JSON.stringify({ watchers: left }));
