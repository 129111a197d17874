// Loads the binding that is built here into each Node.js that it is made for, and runs its unit tests and a part of its
// integration tests there. The Node.js versions come from the npm registry.
//
//   node scripts/check-node-versions.mjs [VERSION…]
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { startTemporaryCluster } from "@coppice/dev-cluster";
import { fail, step, UserError } from "./prepare/output.mjs";
import { run, runInForeground } from "./prepare/run.mjs";
import { root } from "./prepare/toolchain.mjs";

/** The oldest that package.json allows, and the even ones since. */
const versions = process.argv.length > 2 ? process.argv.slice(2) : ["22.12", "24", "26"];
/** What touches Node.js most: buffers, worker threads, the end of the process, garbage collection. */
const tests = ["data", "life-cycle", "survival", "objects"].map(
  (name) => `packages/rbd-native/test/integration/${name}.test.ts`,
);
const vitest = join(root, "node_modules/vitest/vitest.mjs");

try {
  const nodes = [];
  for (const version of versions) nodes.push(await bring(version));
  const cluster = await startTemporaryCluster({ prefix: "coppice-node-versions" });
  const failed = [];
  try {
    for (const node of nodes) {
      await step(`Node.js ${node.version}`, () => check(node.path, cluster.conf), {
        printsItself: true,
      }).catch((error) => {
        if (!(error instanceof UserError)) throw error;
        failed.push(node.version);
      });
    }
  } finally {
    await cluster.stop();
  }
  if (failed.length > 0) throw new UserError(`The tests fail on Node.js ${failed.join(", ")}.`);
  console.log(`They pass on Node.js ${nodes.map(({ version }) => version).join(", ")}.`);
} catch (error) {
  fail(error);
}

/** Installs a Node.js into the cache, where a later run finds it. */
async function bring(wanted) {
  const name = `node-${process.platform}-${process.arch}`;
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const prefix = join(cache, `coppice/node-${wanted}`);
  const folder = join(prefix, "node_modules", name);
  if (!existsSync(join(folder, "package.json"))) {
    await step(`Fetching Node.js ${wanted}`, (detail) =>
      run("npm", ["install", "--prefix", prefix, "--no-audit", "--no-fund", `${name}@${wanted}`], {
        detail,
        help: "Does the npm registry that is set here have it, and is it reachable (npm ping)?",
      }),
    );
  }
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { version: version.replace(/^v/, ""), path: join(folder, "bin/node") };
}

async function check(node, conf) {
  const args = [
    "--project",
    "unit",
    "--project",
    "integration",
    "--testNamePattern",
    "^(?!.*many thousand operations)",
  ];
  const code = await runInForeground(
    node,
    [vitest, "run", ...args, "packages/rbd-native/test/unit", ...tests],
    { cwd: root, env: { ...process.env, COPPICE_TEST_CEPH_CONF: conf } },
  );
  if (code !== 0) throw new UserError(`exit code ${code}`);
}
