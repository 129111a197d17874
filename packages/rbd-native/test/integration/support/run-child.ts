import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface ChildOptions {
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  /** A child that has not ended by then is killed, and the end says so. */
  readonly timeoutMs?: number;
}

/** Node.js 22 strips types with a flag only, or with a warning. */
const typescript = [
  "--disable-warning=ExperimentalWarning",
  ...(process.features.typescript ? [] : ["--experimental-strip-types"]),
];

/** Runs a script of test/integration/children in a process of its own, where a crash is only a result. */
export function runChild(
  script: string,
  { args = [], execArgv = [], timeoutMs = 40_000 }: ChildOptions = {},
) {
  const path = fileURLToPath(new URL(`../children/${script}`, import.meta.url));
  const child = spawn(process.execPath, [...typescript, ...execArgv, path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise<ChildEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
