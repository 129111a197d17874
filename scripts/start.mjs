// `npm start`: makes the machine ready, then hands over to the product on the project's own Node.
import { join } from "node:path";
import { prepare } from "./prepare/index.mjs";
import { fail } from "./prepare/output.mjs";
import { runInForeground } from "./prepare/run.mjs";
import { projectNode, root, toolEnv } from "./prepare/toolchain.mjs";

try {
  await prepare(process.env.CEPH_CONF ? ["build"] : ["build", "cluster"]);
  process.exitCode = await runInForeground(projectNode(), [join(root, "scripts/product/main.ts")], {
    env: toolEnv(),
  });
} catch (error) {
  fail(error);
}
