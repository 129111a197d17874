import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(import.meta.dirname, "../..");

/** The product, started as a user starts it. */
export interface Product {
  readonly origin: string;
  /** Opens signed in, once. */
  readonly signInUrl: string;
  readonly dataDir: string;
  /** The private cluster's ceph.conf, for the independent witness. */
  readonly conf: string;
  /** Sends Ctrl-C and resolves with the exit code once everything is down. */
  stop(): Promise<number | null>;
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
  const signInUrl = await announcedUrl(child);
  return {
    origin: `http://localhost:${port}`,
    signInUrl,
    dataDir,
    conf: join(dataDir, "ceph/ceph.conf"),
    stop: () => interrupt(child),
  };
}

/** What a terminal's Ctrl-C does: the signal goes to the whole process group. */
async function interrupt(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.pid === undefined) return child.exitCode;
  const exit = once(child, "exit");
  process.kill(-child.pid, "SIGINT");
  const [code] = (await exit) as [number | null];
  return code;
}

function announcedUrl(child: ChildProcess): Promise<string> {
  const printed: string[] = [];
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        printed.push(line);
        const url = /^\s+(http:\/\/\S+)$/.exec(line)?.[1];
        if (url) resolve(url);
      });
    }
    child.once("exit", (code) => reject(new Error(`npm start ended with ${code}:\n${printed.join("\n")}`)));
  });
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
