// A process that rebuilds the object maps of an image, says which map it is at, and is killed by the test.

import { rebuildObjectMap } from "../../../../src/chain/rebuild-object-map.ts";
import { connect } from "../../../../src/cluster/connect.ts";

const [conf = "", spec = ""] = process.argv.slice(2);
const cluster = await connect({ conf });
await rebuildObjectMap(cluster, spec, { onProgress: ({ point }) => void process.send?.(point) });
