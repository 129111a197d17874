import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoppiceError } from "../../errors/coppice-error.ts";
import { allSettledOrThrow } from "../../parallel/together.ts";
import type { StepRunner } from "../../steps/step-runner.ts";
import { ChunkPool } from "../bytes/chunk-pool.ts";
import { DigestPair, type Digests } from "../bytes/digests.ts";
import { rechunk } from "../bytes/rechunk.ts";
import { type DiskFormat, detectFormat, formatHeadLength } from "../source/detect-format.ts";
import { openFile } from "../source/open-file.ts";
import { peek } from "../source/peek.ts";
import { convertToRaw } from "../source/qemu-img.ts";
import type { OpenedSource } from "../source/template-source.ts";
import type { ImportPhase, ImportTemplateOptions } from "./import-types.ts";
import { readSource } from "./read-source.ts";

/** A source whose format is known, with its first bytes still to be read. */
export interface KnownSource extends AsyncDisposable {
  format: "raw" | "qcow2";
  bytes: AsyncIterable<Uint8Array>;
}

/**
 * Finds out what a source is.
 *
 * @throws {CoppiceError} `UNSUPPORTED` for a format that cannot be imported, by name
 */
export async function knowFormat(source: OpenedSource, options: ImportTemplateOptions): Promise<KnownSource> {
  const bytes = readSource(source.bytes, source.name, options.signal);
  const peeked = await peek(bytes, formatHeadLength);
  const found = detectFormat(peeked.head);
  const format = options.format ?? found;
  if (format !== "raw" && format !== "qcow2") {
    await peeked[Symbol.asyncDispose]();
    throw notRaw(source.name, format);
  }
  if (format === "qcow2" && found !== "qcow2") {
    await peeked[Symbol.asyncDispose]();
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "importTemplate",
      object: source.name,
      message: `${source.name} is said to be qcow2, and is not`,
    });
  }
  return { format, bytes: peeked.bytes, [Symbol.asyncDispose]: () => peeked[Symbol.asyncDispose]() };
}

/** A raw disk in a file of its own, which goes when it is disposed. */
export interface ConvertedDisk extends OpenedSource {
  sourceDigests: Digests;
}

/** Receives a qcow2 disk into a temporary folder, and converts it there. */
export async function convertDisk(
  source: OpenedSource,
  known: KnownSource,
  options: ImportTemplateOptions,
  runner: StepRunner<ImportPhase>,
): Promise<ConvertedDisk> {
  const { signal, qemuImg: program = "qemu-img", scratchFolder = tmpdir() } = options;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(scratchFolder, "coppice-import-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [received, raw] = [join(folder, "received"), join(folder, "raw")];
  const sourceDigests = await runner.run(
    "receive",
    async (advance) => {
      await using digests = new DigestPair();
      await using file = await open(received, "wx", 0o600);
      const chunks = new ChunkPool(1024 ** 2, 2);
      let count = 0;
      for await (const chunk of rechunk(known.bytes, chunks)) {
        const release = chunks.share(chunk, 1);
        await allSettledOrThrow([digests.update(chunk), file.writeFile(chunk)]);
        release();
        count += chunk.length;
        advance(count, source.size ?? 0);
      }
      checkReceived(source.name, options.size ?? source.size, count);
      // Awaited here: the threads must live until they have answered.
      return await digests.digest();
    },
    "bytes",
  );
  await runner.run("convert", (advance) =>
    convertToRaw(received, raw, {
      program,
      signal,
      onProgress: (percent) => advance(Math.floor(percent), 100),
    }),
  );
  const disk = stack.use(await openFile(raw));
  const owned = stack.move();
  return { ...disk, sourceDigests, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function checkReceived(name: string, size: number | null, count: number): void {
  if (size === null || count === size) return;
  throw new CoppiceError({
    code: count < size ? "IO" : "INVALID_ARGUMENT",
    call: "importTemplate",
    object: name,
    message: `${name} delivered ${count} bytes, and was to have ${size}`,
  });
}

function notRaw(name: string, format: DiskFormat): CoppiceError {
  return new CoppiceError({
    code: "UNSUPPORTED",
    call: "importTemplate",
    object: name,
    message: `${name} is a ${format} disk, and only raw and qcow2 can be imported`,
    hint: 'Convert it with `qemu-img convert -O raw`, or say format "raw" to take its bytes as they are.',
  });
}
