import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { step } from "./output.mjs";
import { run } from "./run.mjs";
import { root, toolEnv } from "./toolchain.mjs";

const stamp = join(root, "node_modules/.coppice-installed");

/** Installs the dependencies as locked; nothing to do when the lock file is the one last installed. */
export async function installDependencies() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  await step("Installing dependencies", (detail) =>
    run("pnpm", ["install", "--frozen-lockfile", "--reporter=append-only"], {
      cwd: root,
      env: toolEnv(),
      detail,
      help: "If it is about the network: is the npm registry reachable from here (npm ping)?",
    }),
  );
  writeFileSync(stamp, wanted);
}

/** Builds every package: the native binding, the SDK, the server and the dashboard. Unchanged parts come from the cache. */
export async function build() {
  await step("Building", (detail) =>
    run("turbo", ["run", "build", "--output-logs=new-only", "--log-order=stream"], {
      cwd: root,
      env: toolEnv(),
      detail,
    }),
  );
}
