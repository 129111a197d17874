import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError } from "../errors/index.ts";
import type { Chunk } from "./chunks.ts";
import type { DigestOrder } from "./digest-worker.ts";

/** Lower-case hex digits. */
export interface Digests {
  md5: string;
  sha256: string;
}

/** MD5 and SHA-256 of the same bytes, in one pass, each in a thread of its own: they take longer than all the rest. */
export class DigestPair implements AsyncDisposable {
  readonly #md5 = new DigestThread("md5");
  readonly #sha256 = new DigestThread("sha256");

  /** Adds the bytes of a chunk, in the order of the calls. Resolves when they are not needed any more. */
  async update(chunk: Chunk): Promise<void> {
    const order = { memory: chunk.buffer, length: chunk.length };
    await allSettledOrThrow([this.#md5.ask(order), this.#sha256.ask(order)]);
  }

  /** Adds so many zeros. */
  async updateZeros(zeros: number): Promise<void> {
    await allSettledOrThrow([this.#md5.ask({ zeros }), this.#sha256.ask({ zeros })]);
  }

  /** Once only, at the end. */
  async digest(): Promise<Digests> {
    const [md5, sha256] = await allSettledOrThrow([this.#md5.ask("digest"), this.#sha256.ask("digest")]);
    return { md5: md5 ?? "", sha256: sha256 ?? "" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await allSettledOrThrow([this.#md5[Symbol.asyncDispose](), this.#sha256[Symbol.asyncDispose]()]);
  }
}

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
