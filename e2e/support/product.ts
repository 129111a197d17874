import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { clusterStatus } from "@coppice/dev-cluster";

const root = join(import.meta.dirname, "../..");

/** The product, started as a user starts it. */
export interface Product {
  readonly origin: string;
  /** Opens signed in, once. */
  readonly signInUrl: string;
  readonly dataDir: string;
  /** The ceph.conf of the private cluster, for `rbd`. */
  readonly conf: string;
  /** The process of the server, for tests that kill it. */
  serverPid(): Promise<number>;
  /** The process of `npm start` itself. */
  readonly pid: number;
  /** Resolves when `npm start` is over, with what it printed. */
  readonly ended: Promise<string>;
  /** What a terminal's Ctrl-C does, awaited until everything is down. @throws when something stayed behind */
  stop(): Promise<void>;
}

/** Runs `npm start` on a free port with its state in `dataDir`. */
export async function startProduct(dataDir: string): Promise<Product> {
  const port = await freePort();
  const child = spawn("npm", ["start"], {
    cwd: root,
    env: { ...process.env, COPPICE_PORT: String(port), COPPICE_DATA: dataDir, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("npm could not be started");
  const printed: string[] = [];
  const ended = once(child, "close").then(() => printed.join("\n"));
  const signInUrl = await announcedUrl(child, printed, ended);
  const origin = `http://localhost:${port}`;
  return {
    origin,
    signInUrl,
    dataDir,
    conf: join(dataDir, "ceph/ceph.conf"),
    pid,
    ended,
    serverPid: () => serverOf(dataDir),
    async stop() {
      // A signal to the process group is what a terminal sends.
      process.kill(-pid, "SIGINT");
      await ended;
      const { state } = await clusterStatus(join(dataDir, "ceph"));
      if (state !== "stopped") throw new Error(`the private cluster is ${state} after Ctrl-C`);
      if (await answers(origin)) throw new Error("the server still answers after Ctrl-C");
    },
  };
}

/** The address that `npm start` prints when everything is up. */
function announcedUrl(child: ChildProcess, printed: string[], ended: Promise<string>): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        printed.push(line);
        const url = /^\s+(http:\/\/\S+)$/.exec(line)?.[1];
        if (url) resolve(url);
      });
    }
    ended.then((text) => reject(new Error(`npm start ended early:\n${text}`)), reject);
  });
}

/** Finds the server that keeps its state in `dataDir`, by what Linux says of every process. */
async function serverOf(dataDir: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [command, environment] = await Promise.all(
      ["cmdline", "environ"].map((file) => readFile(join("/proc", pid, file), "utf8").catch(() => "")),
    );
    if (command?.includes("server/dist/main.js") && environment?.includes(`COPPICE_DATA=${dataDir}\0`)) {
      return Number(pid);
    }
  }
  throw new Error(`no server runs on ${dataDir}`);
}

async function answers(origin: string): Promise<boolean> {
  try {
    await fetch(`${origin}/healthz`);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  probe.close();
  await once(probe, "close");
  return address.port;
}
