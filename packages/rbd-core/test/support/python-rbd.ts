import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What plain librbd says of an image or snapshot. */
export interface Inspected {
  readonly size: number;
  readonly sha256: string;
  /** Offset and length of what its whole-object diff since another snapshot, or since nothing, reports. */
  readonly changed: readonly (readonly [offset: number, length: number])[];
  /** What is wrong in its object map: objects that exist where the map says no, and the other way. */
  readonly wrong: readonly string[];
}

/** What another client does to an image, by its head or through one of its snapshots. */
export type PlainChange =
  | { readonly action: "create"; readonly size: number; readonly objectSize?: number }
  | { readonly action: "remove" }
  | { readonly action: "resize"; readonly size: number; readonly allowShrink?: boolean }
  | { readonly action: "rebuild"; readonly snapshot?: string }
  | { readonly action: "snapshot" | "remove-snapshot" | "protect" | "unprotect"; readonly name: string };

export interface Listed {
  readonly images: readonly string[];
  readonly trash: readonly { readonly id: string; readonly name: string }[];
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const shared = new Map<string, PythonRbd>();

/** The one of a test file for a cluster. It ends with the file's process. */
export function pythonRbd(conf: string): PythonRbd {
  const known = shared.get(conf);
  if (known !== undefined) return known;
  const made = new PythonRbd(conf);
  shared.set(conf, made);
  return made;
}

interface SplitSpec {
  readonly pool: string;
  readonly namespace: string;
  readonly image: string;
  readonly snapshot?: string;
}

/** `undefined` for what is not `pool/image`, `pool/namespace/image`, or a snapshot of one. */
export function splitSpec(spec: string): SplitSpec | undefined {
  const parts = /^([^/@]+)\/(?:([^/@]+)\/)?([^/@]+)(?:@([^/@]+))?$/.exec(spec);
  const [, pool, namespace = "", image, snapshot] = parts ?? [];
  if (pool === undefined || image === undefined) return undefined;
  return { pool, namespace, image, ...(snapshot === undefined ? {} : { snapshot }) };
}

function placeOf(spec: string): SplitSpec {
  const place = splitSpec(spec);
  if (place === undefined) throw new Error(`${spec} is not pool/image`);
  return place;
}

class PythonEnded extends Error {}

/**
 * Plain python3-rbd in a process of its own, as an independent witness and client: many times cheaper than an `rbd` process
 * for each question. It is started with the first call.
 */
export class PythonRbd implements AsyncDisposable {
  readonly #conf: string;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #calls = 0;

  constructor(conf: string) {
    this.#conf = conf;
  }

  /** @param since The snapshot that the diff begins at; from nothing without it. */
  async inspect(pool: string, image: string, snapshot?: string, since?: string): Promise<Inspected> {
    return (await this.#ask({ call: "inspect", pool, image, snapshot, since })) as Inspected;
  }

  /** The digest of everything in an image or snapshot: `pool/image`, `pool/namespace/image@snapshot`. */
  async digest(spec: string, algorithm: "md5" | "sha256"): Promise<string> {
    return (await this.#ask({ call: "digest", algorithm, ...placeOf(spec) })) as string;
  }

  /** The features of an image, as bits. */
  async features(spec: string): Promise<bigint> {
    return BigInt((await this.#ask({ call: "features", ...placeOf(spec) })) as number);
  }

  /** The names of all RADOS objects of a pool, in all its namespaces. */
  async objects(pool: string): Promise<string[]> {
    return (await this.#ask({ call: "objects", pool })) as string[];
  }

  /** The images of a pool and what is in its trash. */
  async listed(pool: string): Promise<Listed> {
    return (await this.#ask({ call: "listed", pool })) as Listed;
  }

  /** @param spec An image; the snapshot that it may name is one of the change's arguments. */
  async changeAt(spec: string, change: PlainChange): Promise<void> {
    const { pool, namespace, image } = placeOf(spec);
    await this.#call({ call: "change", pool, namespace, image, ...change });
  }

  async change(pool: string, image: string, change: PlainChange): Promise<void> {
    await this.#call({ call: "change", pool, image, ...change });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.stdin?.end();
    await new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve(undefined);
      else child.once("close", resolve);
    });
  }

  /** For calls that change nothing. */
  async #ask(request: object): Promise<unknown> {
    return await this.#call(request).catch((error: unknown) => {
      // librbd of Ceph 16 aborts now and then under load (`pthread_mutex_lock: assertion failed`).
      if (error instanceof PythonEnded) return this.#call(request);
      throw error;
    });
  }

  #call(request: object): Promise<unknown> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#start().stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
      this.#holdProcess();
    });
  }

  /** This process waits for the other one as long as a call is unanswered. Afterwards that one ends with its standard input. */
  #holdProcess(): void {
    const child = this.#child;
    const isWaiting = this.#waiting.size > 0;
    for (const each of [child, child?.stdin as unknown as Socket, child?.stdout as unknown as Socket]) {
      if (isWaiting) each?.ref();
      else each?.unref();
    }
  }

  #start(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const program = fileURLToPath(new URL("python-rbd.py", import.meta.url));
    const child = spawn("/usr/bin/python3", [program, this.#conf], { stdio: ["pipe", "pipe", "ignore"] });
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, value, error } = JSON.parse(line);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      this.#holdProcess();
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
    child.once("close", () => {
      this.#child = undefined;
      for (const { reject } of this.#waiting.values()) reject(new PythonEnded("python3-rbd ended"));
      this.#waiting.clear();
    });
    this.#child = child;
    return child;
  }
}
