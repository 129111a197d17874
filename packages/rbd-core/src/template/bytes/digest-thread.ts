import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { CoppiceError } from "../../errors/coppice-error.ts";
import type { DigestOrder } from "./digest-worker.ts";

/** One hash, computed in a thread of its own. */
export class DigestThread implements AsyncDisposable {
  readonly #worker: Worker;
  /** Of the orders that were not answered yet, oldest first. */
  readonly #answers: PromiseWithResolvers<string | null>[] = [];
  #failure: CoppiceError | undefined;

  constructor(algorithm: "md5" | "sha256") {
    // Beside this file, be it built or not.
    const file = new URL(`./digest-worker${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(file, { workerData: algorithm, name: algorithm, execArgv: [] });
    this.#worker.on("message", (answer: string | null) => this.#answers.shift()?.resolve(answer));
    this.#worker.on("error", (cause) => this.#fail(algorithm, cause));
    this.#worker.on("exit", () => this.#fail(algorithm));
  }

  /** Resolves with the thread's answer. @throws {CoppiceError} `IO` when the thread has ended */
  ask(order: DigestOrder): Promise<string | null> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<string | null>();
    this.#answers.push(answer);
    this.#worker.postMessage(order);
    return answer.promise;
  }

  /** Ends the thread, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(algorithm: string, cause?: unknown): void {
    this.#failure ??= new CoppiceError({
      code: "IO",
      call: "importTemplate",
      message: `the thread that computes the ${algorithm} has ended${cause instanceof Error ? `: ${cause.message}` : ""}`,
      hint: "This machine may be out of memory. Import again.",
      cause,
    });
    for (const { reject } of this.#answers.splice(0)) reject(this.#failure);
  }
}
