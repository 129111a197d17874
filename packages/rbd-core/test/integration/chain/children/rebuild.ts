// A process that rebuilds the object maps of an image, says which map it is at, and is killed by the test.
import { connect } from "../../../../src/cluster/connect.ts";
import { rebuildObjectMap } from "../../../../src/object-map/rebuild-object-map.ts";

const [conf = "", spec = ""] = process.argv.slice(2);
const cluster = await connect({ conf });
await rebuildObjectMap(cluster, spec, { onProgress: ({ point }) => void process.send?.(point) });
