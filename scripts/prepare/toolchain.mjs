import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./places.mjs";
import { run } from "./run.mjs";
import { Refusal, step } from "./say.mjs";

const tools = join(root, ".tools");
const oldestNode = [22, 12];

/** Brings the pnpm that package.json pins into .tools, unless it is there. Needs nothing but npm. */
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
      help: "If it is about the network: is the npm registry reachable from here (npm ping)?",
    }),
  );
}

/** The Node that the project brings along (24 LTS, with its headers); a recent enough own one elsewhere. */
export function projectNode() {
  const brought = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  if (existsSync(brought)) return brought;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return process.execPath;
  throw new Refusal(
    `Node ${process.versions.node} is too old, and the project brings none for ${process.platform}-${process.arch}.`,
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
