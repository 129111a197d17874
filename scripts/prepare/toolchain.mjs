import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { step, UserError } from "./output.mjs";
import { run } from "./run.mjs";

/** The root of the checkout. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tools = join(root, ".tools");
const oldestNode = [22, 12];

/** Installs the pnpm version that package.json pins into .tools, unless it is there. Needs only npm. */
export async function installPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = packageManager.split("@")[1].split("+")[0];
  const manifest = join(tools, "node_modules/pnpm/package.json");
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === version) return;
  const npm = process.env.npm_execpath?.endsWith(".js")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const [command, ...before] = npm;
  await step(`Fetching pnpm ${version}`, (detail) =>
    run(command, [...before, "install", "--prefix", tools, "--no-audit", "--no-fund", `pnpm@${version}`], {
      detail,
      help: "Check that the npm registry can be reached: npm ping",
    }),
  );
}

/** The Node that the project installs (24 LTS, with its headers); elsewhere the running one, if it is recent enough. */
export function projectNode() {
  const brought = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  if (existsSync(brought)) return brought;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return process.execPath;
  throw new UserError(
    `Node ${process.versions.node} is too old, and the project has none for ${process.platform}-${process.arch}.`,
    `Install Node ${oldestNode.join(".")} or newer.`,
  );
}

/** The environment in which every tool of the project runs: its own Node and pnpm come first on PATH. */
export function toolEnv() {
  return {
    ...process.env,
    PATH: [join(root, "node_modules/.bin"), join(tools, "node_modules/.bin"), process.env.PATH].join(
      delimiter,
    ),
    NEXT_TELEMETRY_DISABLED: "1",
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
  };
}
