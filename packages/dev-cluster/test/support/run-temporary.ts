import { startTemporaryCluster } from "../../src/index.ts";

// Lives until it is killed; the folder's name tells the parent that the cluster runs.
const cluster = await startTemporaryCluster({ root: process.argv[2] ?? "", mgr: false });
process.stdin.resume();
process.stdout.write(cluster.dir);
