import { spawn } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError } from "../errors/index.ts";
import type { StepRunner } from "../operation/index.ts";
import { ChunkPool, type Digests, rechunk, StreamDigests } from "../transfer/index.ts";
import { checkLength, checkMost, type KnownSource, type OpenedSource, openFile } from "./source.ts";

/** A raw disk in a temporary file, which disposing removes. */
interface ConvertedDisk extends OpenedSource {
  sourceDigests: Digests;
}

export interface ConvertOptions {
  /** The size that the source must have, in bytes. */
  readonly size?: number | undefined;
  /** The most bytes that the source, and the disk in it, may have. */
  readonly maxSize?: number | undefined;
  /** The program that converts. Default `qemu-img`. */
  readonly qemuImg?: string | undefined;
  /** Where the temporary folder is made. Default: the system's folder for temporary files. */
  readonly scratchFolder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Downloads a qcow2 disk into a temporary folder, and converts it there.
 *
 * @throws {CoppiceError} as {@link convertToRaw}; `IO` for a source that is too short, `INVALID_ARGUMENT` for one that is too
 * long; the source's failure; the signal's reason
 */
export async function convertDisk(
  source: OpenedSource,
  known: KnownSource,
  options: ConvertOptions,
  runner: Pick<StepRunner<"receive" | "convert">, "run">,
): Promise<ConvertedDisk> {
  const { signal, maxSize, qemuImg: program = "qemu-img", scratchFolder = tmpdir() } = options;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(scratchFolder, "coppice-import-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [received, raw] = [join(folder, "received"), join(folder, "raw")];
  const sourceDigests = await runner.run(
    "receive",
    async (advance) => {
      await using digests = new StreamDigests();
      await using file = await open(received, "wx", 0o600);
      const chunks = new ChunkPool(1024 ** 2, 2);
      let count = 0;
      const size = options.size ?? source.size;
      for await (const chunk of rechunk(checkLength(known.bytes, source.name, size, maxSize), chunks)) {
        const release = chunks.share(chunk, 1);
        await allSettledOrThrow([digests.update(chunk), file.writeFile(chunk)]);
        release();
        count += chunk.length;
        advance(count, source.size ?? 0);
      }
      // Awaited here, because the threads end when the block is left.
      return await digests.digest();
    },
    "bytes",
  );
  await runner.run("convert", (advance) =>
    convertToRaw(received, raw, {
      program,
      signal,
      maxSize,
      onProgress: (percent) => advance(Math.floor(percent), 100),
    }),
  );
  const disk = stack.use(await openFile(raw));
  const owned = stack.move();
  return { ...disk, sourceDigests, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The part of the output of `qemu-img info --output=json` that matters here. */
interface DiskInfo {
  "virtual-size": number;
  "backing-filename"?: string;
  encrypted?: boolean;
  "format-specific"?: { data?: { "data-file"?: string } };
}

interface Examining {
  program: string;
  signal?: AbortSignal | undefined;
  maxSize?: number | undefined;
}

/**
 * Converts a qcow2 file to a raw one with `qemu-img`, which must be installed.
 *
 * @throws {CoppiceError} `UNSUPPORTED` without `qemu-img`, or for a disk that is encrypted or needs another file;
 * `INVALID_ARGUMENT` for a file that is damaged; the signal's reason
 */
async function convertToRaw(
  file: string,
  output: string,
  options: Examining & { onProgress(percent: number): void },
): Promise<void> {
  await examine(file, options);
  const args = ["convert", "-p", "-f", "qcow2", "-O", "raw", `file:${file}`, output];
  await run(options.program, args, options.signal, (text) => {
    const percent = /\(([\d.]+)\/100%\)/.exec(text)?.[1];
    if (percent !== undefined) options.onProgress(Number(percent));
  });
}

/**
 * `qemu-img` would also read the files that a disk names: files of this machine that were never meant to be imported. And a
 * small file may hold a disk of any size.
 */
async function examine(file: string, { program, signal, maxSize }: Examining): Promise<void> {
  const text = await run(program, ["info", "--output=json", "-f", "qcow2", `file:${file}`], signal);
  const info = JSON.parse(text) as DiskInfo;
  const other = info["backing-filename"] ?? info["format-specific"]?.data?.["data-file"];
  if (other !== undefined)
    throw refusal("UNSUPPORTED", `the qcow2 disk needs another file, ${JSON.stringify(other)}`);
  checkMost("the qcow2 disk", info["virtual-size"], maxSize);
  if (info.encrypted) throw refusal("UNSUPPORTED", "the qcow2 disk is encrypted");
}

async function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  onOutput?: (text: string) => void,
): Promise<string> {
  signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...(signal ? { signal } : {}) });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (onOutput) onOutput(text);
    else output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on("error", reject).on("close", resolve);
  try {
    const status = await promise;
    if (status === 0) return output;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "importTemplate",
      object: program,
      message: `a qcow2 disk needs the program ${program}, which could not be started`,
      hint: "Install it (package qemu-utils), or convert the disk to raw first.",
      cause,
    });
  }
  signal?.throwIfAborted();
  throw refusal("INVALID_ARGUMENT", `qemu-img refused the disk: ${complaint.trim()}`);
}

function refusal(code: "UNSUPPORTED" | "INVALID_ARGUMENT", message: string): CoppiceError {
  return new CoppiceError({
    code,
    call: "importTemplate",
    message,
    hint: "Convert the disk to raw on the machine it comes from.",
  });
}
