import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The real server in its own process, as `npm start` runs it. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";

  /** @param launched With the IPC channel on which the server learns that its launcher has ended. */
  constructor(env: Record<string, string>, { launched = false } = {}) {
    this.#child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH ?? "", COPPICE_PORT: "0", COPPICE_SIGN_IN_LINK: "1", ...env },
      stdio: launched ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.ended = once(this.#child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get log(): string {
    return this.#stderr;
  }

  /** The line that says it is ready. */
  async ready(): Promise<{ ready: true; url: string; username: string }> {
    if (this.#child.stdout === null) throw new Error("there is no standard output");
    const lines = createInterface({ input: this.#child.stdout });
    const line = await Promise.race([once(lines, "line").then(([text]) => String(text)), this.ended]);
    if (typeof line !== "string") throw new Error(`the server ended (${line.code}): ${line.stderr}`);
    return JSON.parse(line);
  }

  /** The lines of the log with this message. */
  logLines(message: string): Record<string, unknown>[] {
    const lines = this.#stderr.split("\n").slice(0, -1);
    return lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === message);
  }

  /** Resolves once a line of the log has this message about this image, be it written already or later. */
  async logged(message: string, image: string): Promise<void> {
    for (;;) {
      if (this.logLines(message).some((entry) => entry.image === image)) return;
      if (this.#child.stderr === null) throw new Error("there is no standard error");
      const ended = this.ended.then(() => "ended");
      if ((await Promise.race([once(this.#child.stderr, "data"), ended])) === "ended") {
        throw new Error(`the server ended without saying ${JSON.stringify(message)}: ${this.#stderr}`);
      }
    }
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill("SIGKILL");
  }
}

/** A directory that goes with the test. */
export async function temporaryDir(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "coppice-server-it-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
