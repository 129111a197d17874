import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../prepare/places.mjs";
import { Refusal } from "../prepare/say.mjs";
import type { ProductSettings } from "./settings.ts";

/** How long a server may take to end by itself when asked to. */
const graceMs = 20_000;
const tailLines = 20;

export interface RunningServer {
  /** Opens logged in, once. */
  readonly signInUrl: string;
  readonly logFile: string;
  /** Settles when the process has ended, by whatever cause, with a sentence that says how. */
  readonly ended: Promise<string>;
  /** Asks it to end, and makes it end when it takes too long. */
  stop(): Promise<void>;
}

/** Starts the server on the given cluster and waits until it answers. @throws Refusal with the end of its log */
export async function startServer(settings: ProductSettings, cephConf: string): Promise<RunningServer> {
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  const logFile = join(settings.dataDir, "server.log");
  const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
  // The IPC channel carries nothing: its closing tells the server that its launcher is gone, however it went.
  const child = spawn(process.execPath, [join(root, "apps/server/dist/main.js")], {
    env: {
      // Ceph's client runs a dozen threads: an arena for each keeps tens of MiB that nothing uses.
      MALLOC_ARENA_MAX: "2",
      ...process.env,
      COPPICE_PORT: String(settings.port),
      COPPICE_HOST: settings.host,
      COPPICE_DATA: settings.dataDir,
      COPPICE_SIGN_IN_LINK: "1",
      CEPH_CONF: cephConf,
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Ctrl-C reaches the launcher alone; it decides what is stopped, and in which order.
    detached: true,
  });
  const tail: string[] = [];
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
    );
  });
  const signInUrl = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        const url = signInUrlOf(line);
        if (url) return resolve(url);
        log.write(`${line}\n`);
        tail.push(line);
        if (tail.length > tailLines) tail.shift();
      });
    }
  });
  const first = await Promise.race([signInUrl, ended.then((how) => ({ how }))]);
  if (typeof first !== "string") {
    throw new Refusal(`The server ${first.how}.`, tail.join("\n") || `Its log is ${logFile}.`);
  }
  return {
    signInUrl: first,
    logFile,
    ended,
    async stop() {
      await end(child, ended);
      log.end();
    },
  };
}

/** The URL in the one line that the server prints when it is ready; `undefined` for any other line (it is not logged). */
function signInUrlOf(line: string): string | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  return (JSON.parse(line) as { url: string }).url;
}

async function end(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const deadline = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await ended;
  clearTimeout(deadline);
}
