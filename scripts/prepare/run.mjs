import { spawn } from "node:child_process";
import { UserError } from "./output.mjs";

const tailLines = 40;

/**
 * Runs a command to its end. Its output is shown only when it fails.
 * @param {string} command @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, detail?: (line: string) => void, help?: string }} [options]
 * @returns {Promise<string>} what it wrote to standard output
 */
export function run(command, args, options = {}) {
  const { cwd, env = process.env, detail, help } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let tail = [];
    const keep = (chunk) => {
      const lines = String(chunk)
        .split(/\r?\n/)
        .filter((line) => line.trim() !== "");
      tail = [...tail, ...lines].slice(-tailLines);
      if (tail.length > 0) detail?.(tail.at(-1));
    };
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      keep(chunk);
    });
    child.stderr.on("data", keep);
    child.once("error", (error) =>
      reject(new UserError(`${command} could not be started: ${error.message}`, help)),
    );
    child.once("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new UserError(
            `"${[command, ...args].join(" ")}" ended with ${signal ?? `exit code ${code}`}:\n${tail.join("\n")}`,
            help,
          ),
        );
    });
  });
}

/**
 * Runs a command to its end and gives its exit code and everything that it printed, in the order it was printed.
 * @param {string} command @param {string[]} args @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runBuffered(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Runs a command in this terminal, and resolves with its exit code. The terminal sends Ctrl-C to the command as well
 * (same process group); this process ignores it, so that the command can clean up first.
 * @param {string} command @param {string[]} args @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export function runInForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: "inherit" });
    const stay = () => {};
    const pass = (signal) => child.kill(signal);
    process.on("SIGINT", stay);
    process.on("SIGTERM", pass);
    process.on("SIGHUP", pass);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("SIGINT", stay);
      process.off("SIGTERM", pass);
      process.off("SIGHUP", pass);
      resolve(code ?? (signal ? 1 : 0));
    });
  });
}
