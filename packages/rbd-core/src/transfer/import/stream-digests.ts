import { Worker } from "node:worker_threads";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { CoppiceError } from "../../errors/index.ts";
import type { Chunk } from "./raw-chunks.ts";

/** The digests that an import takes: those that Glance records, whose default is SHA-512. */
export const digestNames = ["md5", "sha256", "sha512"] as const;

type DigestName = (typeof digestNames)[number];

/** Lower-case hex digits. */
export type Digests = Record<DigestName, string>;

/** The digests of a stream, each taken in a thread of its own, because they take longer than all the rest. */
export class StreamDigests implements AsyncDisposable {
  readonly #threads = digestNames.map((name) => new DigestThread(name));

  /** Adds the bytes of a chunk, in the order of the calls. Resolves when the chunk may be used again. */
  async update(chunk: Chunk): Promise<void> {
    await this.#ask({ memory: chunk.buffer, length: chunk.length });
  }

  /** Adds that many zero bytes. */
  async updateZeros(zeros: number): Promise<void> {
    await this.#ask({ zeros });
  }

  /** The digests. Can be called once, at the end. */
  async digest(): Promise<Digests> {
    const digests = await this.#ask("digest");
    return Object.fromEntries(digestNames.map((name, index) => [name, digests[index] ?? ""])) as Digests;
  }

  #ask(order: DigestOrder): Promise<(string | null)[]> {
    return allSettledOrThrow(this.#threads.map((thread) => thread.ask(order)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await allSettledOrThrow(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }
}

/** The orders that a thread is given, one after the other. It answers each when it no longer needs the memory. */
type DigestOrder =
  | { memory: SharedArrayBuffer; length: number }
  /** That many zero bytes, which are nowhere in memory. */
  | { zeros: number }
  /** The end of the stream. The answer is the digest, in hex. */
  | "digest";

/** The program of a thread. It is text and not a file, so that it survives bundlers, which do not see a worker's file. */
const program = `
const { createHash } = require("node:crypto");
const { parentPort, workerData } = require("node:worker_threads");
const hash = createHash(workerData);
const zeros = Buffer.alloc(1 << 16);
parentPort.on("message", (order) => {
  let answer = null;
  if (order === "digest") answer = hash.digest("hex");
  else if ("memory" in order) hash.update(Buffer.from(order.memory, 0, order.length));
  else for (let left = order.zeros; left > 0; left -= zeros.length) hash.update(zeros.subarray(0, left));
  parentPort.postMessage(answer);
});
`;

/** One hash, computed in a thread of its own. */
export class DigestThread implements AsyncDisposable {
  readonly #worker: Worker;
  /** For the orders that were not answered yet, oldest first. */
  readonly #answers: PromiseWithResolvers<string | null>[] = [];
  #failure: CoppiceError | undefined;

  constructor(algorithm: DigestName) {
    this.#worker = new Worker(program, { eval: true, workerData: algorithm, name: algorithm, execArgv: [] });
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
      cause,
    });
    for (const { reject } of this.#answers.splice(0)) reject(this.#failure);
  }
}
