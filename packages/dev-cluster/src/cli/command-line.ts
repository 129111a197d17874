import { parseArgs } from "node:util";
import type { StartOptions } from "../cluster/options.ts";

export const usage = `Usage: coppice-dev-cluster start|stop|status --dir DIR [options]

A private single-node Ceph cluster for development and tests; everything it keeps is in DIR.

  --dir DIR             the cluster's folder
  --no-mgr              start: without a manager
  --osds N              start: number of OSDs (default 1)
  --osd-size-gib N      start: size of each new OSD's sparse file
  --set "NAME=VALUE"    start: a further setting for ceph.conf; may be repeated
  --json                print the result as one line of JSON`;

export type CliCommand = { json: boolean } & (
  | { name: "help" }
  | { name: "start"; start: StartOptions }
  | { name: "stop"; dir: string }
  | { name: "status"; dir: string }
);

const options = {
  dir: { type: "string" },
  mgr: { type: "boolean", default: true },
  osds: { type: "string" },
  "osd-size-gib": { type: "string" },
  set: { type: "string", multiple: true, default: [] as string[] },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false, short: "h" },
} as const;

/** Parses the arguments; a mistake in them is returned as a sentence. */
export function parseCommandLine(args: readonly string[]): CliCommand | { problem: string } {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  const json = values.json;
  if (values.help) return { json, name: "help" };
  const [name, ...rest] = positionals;
  if (name === undefined) return { problem: "Give a command: start, stop or status." };
  if (rest.length > 0) return { problem: `Unexpected arguments: ${rest.join(" ")}` };
  const dir = values.dir;
  if (dir === undefined || dir === "") return { problem: "Name the cluster's folder: --dir DIR" };
  if (name === "stop" || name === "status") return { json, name, dir };
  if (name !== "start") return { problem: `Unknown command: ${name}` };

  const conf: Record<string, string> = {};
  for (const setting of values.set) {
    const equals = setting.indexOf("=");
    if (equals < 1) return { problem: `Not a setting: --set "${setting}" (write NAME=VALUE)` };
    conf[setting.slice(0, equals).trim()] = setting.slice(equals + 1).trim();
  }
  const numbers: Pick<StartOptions, "osds" | "osdSizeGiB"> = {};
  for (const [flag, option] of [
    ["osds", "osds"],
    ["osd-size-gib", "osdSizeGiB"],
  ] as const) {
    const text = values[flag];
    if (text === undefined) continue;
    if (!/^\d+(\.\d+)?$/.test(text)) return { problem: `Not a number: --${flag} ${text}` };
    numbers[option] = Number(text);
  }
  return { json, name, start: { dir, mgr: values.mgr, conf, ...numbers } };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true, allowNegative: true });
}
