// `npm run bench [-- --only CASE,… --json FILE --dir DIR]`: makes the machine ready, then measures.
import { join } from "node:path";
import { prepare } from "./prepare/index.mjs";
import { fail } from "./prepare/output.mjs";
import { runInForeground } from "./prepare/run.mjs";
import { projectNode, root, toolEnv } from "./prepare/toolchain.mjs";

try {
  await prepare(["build", "cluster"]);
  const args = [join(root, "bench/main.ts"), ...process.argv.slice(2)];
  process.exitCode = await runInForeground(projectNode(), args, { env: toolEnv() });
} catch (error) {
  fail(error);
}
