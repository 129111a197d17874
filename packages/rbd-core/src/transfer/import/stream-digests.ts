import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { CoppiceError } from "../../errors/index.ts";
import type { DigestOrder } from "./digest-worker.ts";
import type { Chunk } from "./raw-chunks.ts";

/** Lower-case hex digits. */
export interface Digests {
  md5: string;
  sha256: string;
}

/** The MD5 and SHA-256 of a stream, each taken in a thread of its own, because they take longer than all the rest. */
export class StreamDigests implements AsyncDisposable {
  readonly #md5 = new DigestThread("md5");
  readonly #sha256 = new DigestThread("sha256");

  /** Adds the bytes of a chunk, in the order of the calls. Resolves when the chunk may be used again. */
  async update(chunk: Chunk): Promise<void> {
    const order = { memory: chunk.buffer, length: chunk.length };
    await allSettledOrThrow([this.#md5.ask(order), this.#sha256.ask(order)]);
  }

  /** Adds that many zero bytes. */
  async updateZeros(zeros: number): Promise<void> {
    await allSettledOrThrow([this.#md5.ask({ zeros }), this.#sha256.ask({ zeros })]);
  }

  /** The digests. Can be called once, at the end. */
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
  /** For the orders that were not answered yet, oldest first. */
  readonly #answers: PromiseWithResolvers<string | null>[] = [];
  #failure: CoppiceError | undefined;

  constructor(algorithm: "md5" | "sha256") {
    // Beside this file, in the sources and in the build.
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

  /** Ends the thread, also in the middle of its work. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(algorithm: string, cause?: unknown): void {
    this.#failure ??= new CoppiceError({
      code: "IO",
      call: "importRaw",
      message: `the thread that computes the ${algorithm} has ended${cause instanceof Error ? `: ${cause.message}` : ""}`,
      hint: "This machine may be out of memory. Try again.",
      cause,
    });
    for (const { reject } of this.#answers.splice(0)) reject(this.#failure);
  }
}
