import { randomUUID } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CoppiceError, hasCode } from "../../errors/index.ts";
import { isKnownDead, processIdentitySchema, thisProcess } from "../../operation/index.ts";
import { makeFolder, namesIn, readIfThere, withFileErrors } from "./files.ts";
import { lockFolder } from "./layout.ts";

/** The same times as those of operation records. */
const leaseLength = 30_000;
const renewEvery = 10_000;

const holderSchema = z.object({ version: z.literal(1), token: z.uuid(), process: processIdentitySchema });

/**
 * The lock of a chain: a file with an exclusively created name, `.locks/<chain>.<number>.lock`, whose modification time its
 * holder renews every 10 seconds. It needs nothing of the file system but exclusive creation and times, which NFS has had since
 * version 3.
 *
 * A lock is abandoned when its process is known to be dead on this machine, or when it was not renewed for 30 seconds, both
 * times taken from the file server's clock. Whoever takes an abandoned lock over creates the file with the next number, so
 * that only one can, and removes the old one: its holder, if it still lives, finds its own file gone.
 */
export class ChainLock implements AsyncDisposable {
  readonly #path: string;
  readonly #token: string;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #renewedAt = performance.now();
  #renewing: Promise<void> = Promise.resolve();

  private constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
    this.#timer = setInterval(() => {
      this.#renewing = this.#renew();
    }, renewEvery);
    this.#timer.unref();
  }

  /**
   * Takes the lock of a chain.
   *
   * @throws {CoppiceError} `BUSY` while another process has it
   */
  static async take(root: string, chain: string): Promise<ChainLock> {
    const folder = lockFolder(root);
    await makeFolder(folder);
    const found = await locksOf(folder, chain);
    for (const { path } of found) {
      const problem = await whyHeld(folder, path);
      if (problem !== undefined) throw busy(root, chain, problem);
    }
    const number = Math.max(0, ...found.map((lock) => lock.number)) + 1;
    const path = join(folder, `${chain}.${number}.lock`);
    const token = randomUUID();
    try {
      await withFileErrors(path, () => create(path, token));
    } catch (error) {
      if (hasCode(error, "EXISTS")) throw busy(root, chain, "another process has just taken it");
      throw error;
    }
    // Somebody else may have found no lock a moment ago too, and chosen another number.
    const abandoned = new Set(found.map((lock) => lock.path));
    const others = (await locksOf(folder, chain)).filter((lock) => lock.path !== path);
    if (others.some((lock) => !abandoned.has(lock.path))) {
      await rm(path, { force: true });
      throw busy(root, chain, "another process has just taken it");
    }
    for (const lock of others) await withFileErrors(lock.path, () => rm(lock.path, { force: true }));
    return new ChainLock(path, token);
  }

  /** Aborted with `LEASE_LOST`. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Checks, right before something is changed for good, that the lock is still held.
   *
   * @throws {CoppiceError} `LEASE_LOST`
   */
  async confirm(): Promise<void> {
    await this.#renewing;
    this.signal.throwIfAborted();
    await this.#renew();
    this.signal.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    if (this.signal.aborted) return;
    await withFileErrors(this.#path, () => rm(this.#path, { force: true }));
  }

  async #renew(): Promise<void> {
    const started = performance.now();
    try {
      if (started - this.#renewedAt > leaseLength) return this.#lose("it could not be renewed in time");
      // Opened anew each time: NFS only then asks the server what the file is now.
      await using file = await open(this.#path, "r+");
      await file.write(Buffer.from(holder(this.#token)), 0, undefined, 0);
      this.#renewedAt = started;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") {
        this.#lose("another process has taken it over");
      } else if (performance.now() - this.#renewedAt > leaseLength) {
        this.#lose("it could not be renewed in time", error);
      }
    }
  }

  #lose(why: string, cause?: unknown): void {
    if (this.signal.aborted) return;
    clearInterval(this.#timer);
    this.#lost.abort(
      new CoppiceError({
        code: "LEASE_LOST",
        call: "ChainLock",
        object: this.#path,
        message: `the lock of the chain was lost: ${why}`,
        hint: "Nothing more was changed. Try again.",
        cause,
      }),
    );
  }
}

const holder = (token: string) =>
  `${JSON.stringify({ version: 1, token, process: thisProcess() }, undefined, 2)}\n`;

async function create(path: string, token: string): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(holder(token));
}

async function locksOf(folder: string, chain: string): Promise<{ path: string; number: number }[]> {
  return (await namesIn(folder)).flatMap((name) => {
    if (!name.startsWith(`${chain}.`)) return [];
    const number = /^(\d{1,9})\.lock$/.exec(name.slice(chain.length + 1))?.[1];
    return number === undefined ? [] : [{ path: join(folder, name), number: Number(number) }];
  });
}

/** Who holds a lock; undefined when it is abandoned, or gone. */
async function whyHeld(folder: string, path: string): Promise<string | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  const { data } = holderSchema.safeParse(jsonOrNothing(bytes));
  if (data !== undefined && isKnownDead(data.process)) return undefined;
  const age = await ageOf(folder, path);
  if (age === undefined || age > leaseLength) return undefined;
  return data === undefined
    ? "another process is taking it"
    : `the process ${data.process.pid} on ${data.process.host} holds it`;
}

function jsonOrNothing(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // Its process has created the file and not written it yet, or died in between: then its age decides.
    return undefined;
  }
}

/** How long ago a file was written, in milliseconds by the clock of the file's server; undefined when it is gone. */
async function ageOf(folder: string, path: string): Promise<number | undefined> {
  const probe = join(folder, `probe.${randomUUID()}`);
  try {
    return await withFileErrors(path, async () => {
      await using file = await open(probe, "wx", 0o600);
      await file.write("now");
      const [now, then] = [await file.stat(), await stat(path)];
      return now.mtimeMs - then.mtimeMs;
    });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  } finally {
    await rm(probe, { force: true });
  }
}

function busy(root: string, chain: string, why: string): CoppiceError {
  return new CoppiceError({
    code: "BUSY",
    call: "openChain",
    object: join(root, chain),
    message: `the chain ${chain} is being changed: ${why}`,
    hint: "Wait until that has ended. The lock of a process that died ends after half a minute.",
  });
}
