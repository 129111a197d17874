// `npm run user -- …`: manages the users of the server, on its data directory.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fail, UserError } from "./prepare/output.mjs";
import { runInForeground } from "./prepare/run.mjs";
import { projectNode, root, toolEnv } from "./prepare/toolchain.mjs";

try {
  const main = join(root, "apps/server/dist/main.js");
  if (!existsSync(main)) throw new UserError("Coppice is not built yet.", "Run npm start once.");
  process.exitCode = await runInForeground(projectNode(), [main, "user", ...process.argv.slice(2)], {
    env: toolEnv(),
  });
} catch (error) {
  fail(error);
}
