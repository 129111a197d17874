import type { Image } from "rbd-native";
import { checkTarget } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode } from "../errors/index.ts";
import { isRecorded } from "../image/index.ts";
import {
  checkName,
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  toImageOnly,
  toRbdUrl,
} from "../names/index.ts";
import { type FlowOptions, StepRunner } from "../operation/index.ts";
import {
  type Digests,
  digestNames,
  importNew,
  markSnapshots,
  StreamDigests,
  type WrittenRaw,
  writeRaw,
} from "../transfer/index.ts";
import { templateSnapshot } from "../volume/index.ts";
import { convertDisk } from "./convert-disk.ts";
import {
  checkLength,
  checkMost,
  determineFormat,
  type OpenedSource,
  openTemplateSource,
  readSource,
  type TemplateSource,
} from "./source.ts";

/**
 * - `receive`, `convert`: for a disk that is not raw. Their progress counts bytes and percent.
 * - `create`: creates the image.
 * - `write`: writes the disk. Its progress counts the disk's bytes; `total` stays 0 while the size is not known.
 * - `snapshot`, `protect`: make the snapshot that disks are cloned from.
 */
export type ImportPhase = "receive" | "convert" | "create" | "write" | "snapshot" | "protect";

export interface ImportTemplateOptions extends FlowOptions<ImportPhase> {
  source: TemplateSource;
  /** `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** The size of the stream in bytes, if known: it must then have exactly that many. Files and most downloads say it. */
  size?: number | undefined;
  /** The most bytes that the source, and the disk in it, may have. Default: any number. */
  maxSize?: number | undefined;
  /** Default: determined by the first bytes. `raw` takes the bytes as they are, whatever they look like. */
  format?: "raw" | "qcow2" | undefined;
  /** The digests that the source must have, in hex: any of `md5`, `sha256` and `sha512`. */
  expected?: Partial<Digests> | undefined;
  /** How many bytes are read and written at a time; a multiple of `sparseSize`. Default 8 MiB, as in Glance. */
  chunkSize?: number | undefined;
  /** Runs of zeros of this many bytes, at multiples of it, stay holes. Default 4096, as in `rbd import`. */
  sparseSize?: number | undefined;
  /** Bytes, a power of two. Default: what the cluster configures, usually 4 MiB. */
  objectSize?: number | undefined;
  /** `RBD_FEATURE_*` bits. Default: what the cluster configures. */
  features?: bigint | undefined;
  /** Keeps the data in another pool. */
  dataPool?: string | undefined;
  /** Default `snap`, as Glance names it. */
  snapshotName?: string | undefined;
  /** The program that converts qcow2. Default `qemu-img`. */
  qemuImg?: string | undefined;
  /** Where a disk that is not raw is stored temporarily. Default: the system's folder for temporary files. */
  scratchFolder?: string | undefined;
}

export interface ImportTemplateResult {
  template: Required<ImageSpec>;
  /** `rbd://fsid/pool/image/snap`; `null` for a template in a namespace. */
  url: string | null;
  /** Ceph's id of the template. */
  id: string;
  /** Bytes of the disk, and so of the image. */
  size: number;
  /** Bytes that were written: what is not zero, in steps of `sparseSize`. */
  written: number;
  format: "raw" | "qcow2";
  /** Of the disk as it is in the image. */
  digests: Digests;
  /** Of the source as it came; the same as `digests` for a raw one. */
  sourceDigests: Digests;
}

const ownSteps: readonly ImportPhase[] = ["create", "write", "snapshot", "protect"];

/**
 * Imports a disk as a template: from a stream, a file or a download, raw or (where `qemu-img` is installed) qcow2. Zeros
 * stay holes. The image gets a protected snapshot that disks can be cloned from.
 *
 * Names, target and source are checked before anything is changed. When the source breaks off, delivers more or less than
 * its size, or has another digest than expected, the image is removed again. After the process died, the same call removes
 * what was left and imports the disk again, and `reconcile` removes it unless it is whole.
 *
 * Source: what Glance's RBD store does with an upload. Unlike there, holes stay holes, several chunks are written at the
 * same time, and a failure leaves nothing behind.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `INVALID_ARGUMENT`: an invalid name, size or digest; a source with more bytes than its size or than
 *   `maxSize`, or with none.
 * - `NOT_FOUND`, `PERMISSION_DENIED`: the pool, the file or the address. `EXISTS`: the target.
 * - `BUSY`, `LEASE_LOST`: another process imports to that name, or may have taken the import over.
 * - `UNSUPPORTED`: a format that cannot be imported, or qcow2 without `qemu-img`.
 * - `IO`: the source broke off, was too short, or has another digest than expected.
 * - `UNDO_FAILED`: the import failed, and what `left` lists could not be removed.
 */
export async function importTemplate(
  cluster: Cluster,
  options: ImportTemplateOptions,
): Promise<ImportTemplateResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const settings = checkImport(options);
  const target = toImageOnly(options.target);
  formatImageSpec(target);
  await checkFree(cluster, target);
  await using source = await openTemplateSource(options.source, signal);
  await using known = await determineFormat(source, options);
  const converts = known.format === "qcow2";
  const runner = new StepRunner<ImportPhase>(
    converts ? ["receive", "convert", ...ownSteps] : ownSteps,
    options,
  );
  try {
    if (converts) {
      await using disk = await convertDisk(source, known, options, runner);
      compareDigests(source.name, settings.expected, disk.sourceDigests);
      const raw = { ...disk, bytes: readSource(disk.bytes, disk.name, signal) };
      // The expected digests are the source's, not those of the converted disk.
      const converted = { ...settings, expected: {} };
      const made = await writeTemplate(cluster, target, raw, converted, options, runner);
      return { ...made, format: "qcow2", sourceDigests: disk.sourceDigests };
    }
    const raw = { name: source.name, bytes: known.bytes, size: options.size ?? source.size };
    checkMost(raw.name, raw.size, options.maxSize);
    const made = await writeTemplate(cluster, target, raw, settings, options, runner);
    return { ...made, format: "raw", sourceDigests: made.digests };
  } catch (error) {
    if (!hasCode(error, "UNDO_FAILED")) signal?.throwIfAborted();
    throw error;
  }
}

/** @throws {CoppiceError} `EXISTS`, unless the import deals with what stands there: an interrupted operation left it */
async function checkFree(cluster: Cluster, target: ImageSpec): Promise<void> {
  try {
    await checkTarget(cluster, target);
  } catch (error) {
    if (!hasCode(error, "EXISTS") || !(await isRecorded(cluster, target))) throw error;
  }
}

/** Creates the image, writes the disk to it, and makes its protected snapshot. */
async function writeTemplate(
  cluster: Cluster,
  target: ImageSpec,
  disk: Pick<OpenedSource, "bytes" | "size" | "name">,
  settings: ImportSettings,
  options: ImportTemplateOptions,
  runner: StepRunner<ImportPhase>,
): Promise<Omit<ImportTemplateResult, "format" | "sourceDigests">> {
  const { snapshotName } = settings;
  const { objectSize, features, dataPool } = options;
  const layout = Object.fromEntries(
    Object.entries({ objectSize, features, dataPool }).filter(([, value]) => value !== undefined),
  );
  const how = {
    call: "importTemplate",
    create: layout,
    creating: (create: () => Promise<void>) => runner.run("create", create),
    signal: options.signal,
  };
  return await importNew(cluster, target, how, async (image, signal) => {
    try {
      if (disk.size !== null) await image.resize(disk.size);
      const { size, bytesWritten: written, digests } = await writeDisk(image, disk, settings, signal, runner);
      signal.throwIfAborted();
      await runner.run("snapshot", async () => {
        await markSnapshots(image, [snapshotName]);
        await image.createSnapshot(snapshotName);
      });
      signal.throwIfAborted();
      await runner.run("protect", () => image.protectSnapshot(snapshotName));
      runner.finish();
      const template = { ...target, snapshot: snapshotName };
      return { template, url: toRbdUrl(cluster.fsid, template), id: image.id, size, written, digests };
    } catch (error) {
      return await runner.fail(error, "importTemplate");
    }
  });
}

/** Writes the disk to the image, and compares its digests with the expected ones. */
function writeDisk(
  image: Image,
  disk: Pick<OpenedSource, "bytes" | "size" | "name">,
  { chunkSize, sparseSize, expected, maxSize }: ImportSettings,
  signal: AbortSignal,
  runner: StepRunner<ImportPhase>,
): Promise<WrittenRaw & { digests: Digests }> {
  return runner.run(
    "write",
    async (advance) => {
      await using digests = new StreamDigests();
      const bytes = checkLength(disk.bytes, disk.name, disk.size, maxSize);
      const written = await writeRaw(image, bytes, {
        chunkSize,
        sparseSize,
        digests,
        signal,
        onProgress: ({ done }) => advance(done, disk.size ?? 0),
      });
      const actual = await digests.digest();
      compareDigests(disk.name, expected, actual);
      return { ...written, digests: actual };
    },
    "bytes",
  );
}

interface ImportSettings {
  chunkSize: number;
  sparseSize: number;
  snapshotName: string;
  expected: Partial<Digests>;
  maxSize: number | undefined;
}

const mebibyte = 1024 ** 2;
const digestLengths: Readonly<Record<keyof Digests, number>> = { md5: 32, sha256: 64, sha512: 128 };

/** Checks the options and fills in the defaults. @throws {CoppiceError} `INVALID_ARGUMENT`, `INVALID_NAME` */
export function checkImport(options: ImportTemplateOptions): ImportSettings {
  const {
    chunkSize = 8 * mebibyte,
    sparseSize = 4096,
    snapshotName = templateSnapshot,
    size,
    maxSize,
    expected = {},
  } = options;
  checkName("snapshot", snapshotName);
  const isWhole = (value: number, least: number, most: number) =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  if (!isWhole(sparseSize, 512, mebibyte))
    throw refusal(`a sparse size of ${sparseSize} is not from 512 bytes to 1 MiB`);
  if (!isWhole(chunkSize, sparseSize, 64 * mebibyte) || chunkSize % sparseSize !== 0) {
    throw refusal(`a chunk size of ${chunkSize} is no multiple of ${sparseSize} bytes up to 64 MiB`);
  }
  if (size !== undefined && !isWhole(size, 1, Number.MAX_SAFE_INTEGER))
    throw refusal(`${size} is not a size in bytes`);
  if (maxSize !== undefined && !isWhole(maxSize, 1, Number.MAX_SAFE_INTEGER))
    throw refusal(`${maxSize} is not a size in bytes`);
  const digests: Partial<Digests> = {};
  for (const name of digestNames) {
    const length = digestLengths[name];
    const digest = expected[name]?.toLowerCase();
    if (digest === undefined) continue;
    if (digest.length !== length || !/^[0-9a-f]+$/.test(digest)) {
      throw refusal(`${JSON.stringify(digest)} is not a ${name} digest of ${length} hex digits`);
    }
    digests[name] = digest;
  }
  return { chunkSize, sparseSize, snapshotName, expected: digests, maxSize };
}

/** @throws {CoppiceError} `IO` when a digest differs from the expected one */
export function compareDigests(name: string, expected: Partial<Digests>, actual: Digests): void {
  for (const key of digestNames) {
    const wanted = expected[key];
    if (wanted === undefined || wanted === actual[key]) continue;
    throw new CoppiceError({
      code: "IO",
      call: "importTemplate",
      object: name,
      message: `${name} has the ${key} ${actual[key]}, but ${wanted} was expected`,
      hint: "It was damaged in transit, or is not the intended file.",
    });
  }
}

function refusal(message: string): CoppiceError {
  return new CoppiceError({ code: "INVALID_ARGUMENT", call: "importTemplate", message });
}
