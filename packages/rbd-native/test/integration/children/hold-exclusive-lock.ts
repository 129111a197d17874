// Takes the exclusive lock of an image, says so, and keeps it until it is killed: `hold-exclusive-lock.ts CONF POOL IMAGE`.
import { Cluster } from "rbd-native";

const [conf, pool, name] = process.argv.slice(2) as [string, string, string];
const cluster = await Cluster.connect({ conf });
const io = await cluster.openPool(pool);
const image = await io.openImage(name);
await image.acquireExclusiveLock();
await image.write(0, Buffer.alloc(512, "held"));
// Like a host that lost its power: nothing is released.
process.kill(process.pid, "SIGKILL");
