// Leaves with process.exit(7) at one step of a life cycle: `exit-at-step.ts CONF POOL STEP`.
import { Cluster } from "rbd-native";

const [conf, pool, step] = process.argv.slice(2) as [string, string, string];
const MiB = 2 ** 20;

function at(name: string): void {
  if (name === step) process.exit(7);
}

at("start");
const connecting = Cluster.connect({ conf });
at("connecting");
const cluster = await connecting;
at("connected");
const io = await cluster.openPool(pool);
at("pool");
const name = `exit-${step}`;
await io.createImage(name, { size: 64 * MiB });
const opening = io.openImage(name);
at("opening");
const image = await opening;
at("opened");
const data = Buffer.alloc(MiB, 1);
const writes = Array.from({ length: 16 }, (_, i) => image.write(i * 4 * MiB, data));
at("writing");
await Promise.all(writes);
const reads = Array.from({ length: 64 }, (_, i) => image.read(i * MiB, MiB));
at("reading");
await reads[0];
at("read-one");
await Promise.all(reads);
await image.createSnapshot("s");
await io.clone({ pool: io, image: name, snapshot: "s" }, `${name}-clone`, { cloneFormat: 2 });
const clone = await io.openImage(`${name}-clone`);
const flattening = clone.flatten({ onProgress: () => at("flatten-progress") });
at("flattening");
await flattening;
at("flattened");
const diff = image.diffIterate({ wholeObject: false })[Symbol.asyncIterator]();
const batch = diff.next();
at("diff");
await batch;
at("diff-batch");
const closing = image.close();
at("closing");
await closing;
at("closed");
const shuttingDown = cluster.close();
at("shutting-down");
await shuttingDown;
at("shut-down");
console.error(`no such step: ${step}`);
