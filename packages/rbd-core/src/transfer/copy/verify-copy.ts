import { CopyJob, type CopySource } from "rbd-native";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import type { Extent } from "../../diff/index.ts";
import { CoppiceError } from "../../errors/index.ts";
import { openImage } from "../../image/index.ts";
import { type BlockDigest, blockDigests, type DigestManifest } from "../digests/digest-manifest.ts";
import { compareDigests } from "../digests/verify-digests.ts";
import { copyParts, OccupiedRanges } from "../plan.ts";
import type { KnownSnapshot, Source } from "../source.ts";
import { headId } from "../target/head.ts";
import type { Target } from "../target/open-target.ts";
import { progressOf, type TransferLimits, type TransferOptions } from "../transfer-options.ts";

/**
 * How a copy is compared with its source before its snapshot gets its name:
 *
 * - `none`: it is not; the writes were acknowledged and flushed.
 * - `changed`: what was written is read back, and its digests are compared with those of what was read from the source.
 * - `full`: all of the image is read on both sides, whatever any diff or object map says of it.
 */
export type CopyVerification = "full" | "changed" | "none";

interface VerifyCopyOptions extends TransferOptions {
  readonly verify?: CopyVerification | undefined;
  readonly limits?: TransferLimits | undefined;
}

interface Copied {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
  /** For `changed`, the digests of everything that the copy changed. */
  readonly manifest: DigestManifest;
}

/**
 * Compares a copy with its source, through a handle of its own: what is read comes from the OSDs.
 *
 * @param made The snapshot of the target that holds the copy; undefined for its head.
 * @returns How many bytes were compared, holes included.
 * @throws {CoppiceError} `VERIFICATION_FAILED`; RbdError; the signal's reason
 */
export async function verifyCopy(
  source: Source,
  { cluster, place, spec }: Target,
  made: KnownSnapshot | undefined,
  { manifest, ...copied }: Copied,
  options: VerifyCopyOptions,
): Promise<number> {
  const { verify = "none", signal, limits } = options;
  if (verify === "none") return 0;
  await using image = await (made === undefined
    ? openImage(cluster, place, { readOnly: true })
    : openImage(cluster, { ...place, snapshot: made.name }));
  const job = new CopyJob();
  const release = limits?.apply(job);
  const progress = progressOf(source.size, options);
  const report = (done: number) =>
    progress("verifying", done, { ...copied, bytesRead: copied.bytesRead + job.counters().bytesRead });
  try {
    report(0);
    const at = { image, snapshotId: made?.id ?? headId, blockSize: source.objectSize };
    const { verified, wrong } =
      verify === "full"
        ? await compareWhole(job, source, at, signal, report)
        : await compareDigests(job, at, manifest.blocks, signal, (done) =>
            report(Math.min(source.size, (manifest.blocks[done - 1]?.block ?? 0) * source.objectSize)),
          );
    const [first] = wrong;
    if (first === undefined) return verified;
    // A snapshot whose removal has begun reads as zeroes.
    await source.confirm(signal);
    throw differs(spec, source, first.block * source.objectSize, wrong.length);
  } finally {
    release?.();
  }
}

type Compared = Awaited<ReturnType<typeof compareDigests>>;

/** Reads all of the source and of its copy. What does not exist is asked for, too: no map says what is read. */
async function compareWhole(
  job: CopyJob,
  source: Source,
  copy: CopySource & { readonly blockSize: number },
  signal: AbortSignal | undefined,
  report: (done: number) => void,
): Promise<Compared> {
  const { size, objectSize: blockSize } = source;
  const original = { image: source.image, snapshotId: source.to.id, blockSize };
  const wrong: BlockDigest[] = [];
  for await (const { extents, end } of copyParts(everything(size), blockSize, new OccupiedRanges([]))) {
    const read = async (from: CopySource) => (await job.copy(from, undefined, extents, { signal })).digests;
    const [wanted, found] = await allSettledOrThrow([read(original), read(copy)]);
    for (const [i, block] of blockDigests(extents, wanted, blockSize).entries()) {
      if (Buffer.compare(found.subarray(16 * i, 16 * (i + 1)), block.digest) !== 0) wrong.push(block);
    }
    report(Math.min(size, end));
  }
  return { verified: size, wrong };
}

async function* everything(size: number): AsyncGenerator<readonly Extent[]> {
  if (size > 0) yield [{ offset: 0, length: size, exists: true }];
}

function differs(spec: string, source: Source, offset: number, blocks: number): CoppiceError {
  return new CoppiceError({
    code: "VERIFICATION_FAILED",
    call: "copyDiff",
    object: spec,
    message:
      `what was copied from ${source.spec}@${source.to.name} to ${spec} is not what is there now: ` +
      `${blocks} ${blocks === 1 ? "block differs" : "blocks differ"}, the first at offset ${offset}`,
    hint: "Look for a client that writes to the target, and at the cluster's health. An increment can be copied again; a copy from nothing needs a new, empty image.",
  });
}
