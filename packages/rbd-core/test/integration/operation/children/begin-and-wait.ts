import { connect } from "../../../../src/cluster/index.ts";
import { beginOperation, type OperationRequest } from "../../../../src/operation/index.ts";

// Begins an operation, says so, and lives until it is killed.
const { conf, request } = JSON.parse(process.argv[2] ?? "") as { conf: string; request: OperationRequest };
const cluster = await connect({ conf });
await beginOperation(cluster, request);
process.stdout.write("begun\n");
setInterval(() => {}, 60_000);
