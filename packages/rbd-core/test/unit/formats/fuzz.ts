import { FormatError } from "../../../src/formats/format-error.ts";
import { inspectDiff } from "../../../src/formats/inspect-diff.ts";
import { mergeDiffs } from "../../../src/formats/merge-diffs.ts";
import { openStream } from "../../../src/formats/read-image-stream.ts";
import { writeImageStream } from "../../../src/formats/write-image-stream.ts";
import { compressZstd } from "../../../src/formats/zstd.ts";
import { encode, join, pieces, write } from "./support.ts";

/** What a fuzz run did. */
export interface FuzzOutcome {
  readonly runs: number;
  /** How many inputs were still valid. */
  readonly accepted: number;
  /** How often each code was thrown. */
  readonly codes: ReadonlyMap<string, number>;
}

/**
 * Feeds damaged streams to every reader and throws when one does anything but succeed or throw a FormatError.
 *
 * @param seed Runs with the same seed do the same; the message of a failure names it.
 */
export async function fuzzFormats(seed: number, runs: number): Promise<FuzzOutcome> {
  const samples = await makeSamples();
  const codes = new Map<string, number>();
  let accepted = 0;
  for (let run = 0; run < runs; run++) {
    const random = generator(seed + run);
    const sample = samples[random(samples.length)] ?? Buffer.alloc(0);
    const damaged = damage(sample, samples, random);
    const cut = 1 + random(100);
    try {
      await read(damaged, cut, samples, random);
      accepted++;
    } catch (error) {
      if (!(error instanceof FormatError)) {
        throw new Error(`seed ${seed + run}: ${damaged.toString("base64")}`, { cause: error });
      }
      codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
    }
  }
  return { runs, accepted, codes };
}

async function read(bytes: Buffer, cut: number, samples: readonly Buffer[], random: Random): Promise<void> {
  switch (random(3)) {
    case 0:
      await inspectDiff(pieces(bytes, [cut]));
      return;
    case 1:
      await join(mergeDiffs([[samples[0] ?? bytes], pieces(bytes, [cut])]));
      return;
    default: {
      const opened = await openStream(pieces(bytes, [cut]));
      if (opened.kind === "diff") for await (const _ of opened.diff.records);
      else for await (const diff of opened.image.diffs) for await (const _ of diff.records);
    }
  }
}

async function makeSamples(): Promise<Buffer[]> {
  const records = [...write(0, Buffer.from("abc")), { type: "zero", offset: 10, length: 20 } as const];
  const more = [...write(5, Buffer.alloc(60, 7)), ...write(90, Buffer.alloc(10, 1))];
  const first = await encode({ to: "a", size: 100 }, records);
  const second = await encode({ from: "a", to: "b", size: 120 }, more);
  const newer = await encode({ from: "a", to: "b", protected: true, size: 120 }, more, { version: 2 });
  const image = await join(
    writeImageStream(
      { order: 22, features: 61n, stripeUnit: 65_536, stripeCount: 4, metadata: [["key", "value"]] },
      2,
      [
        { header: { to: "a", protected: false, size: 100 }, records },
        { header: { from: "a", size: 120 }, records: more },
      ],
    ),
  );
  return [first, second, newer, image, await join(compressZstd([second])), await join(compressZstd([image]))];
}

type Random = (below: number) => number;

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const interesting = [
  0,
  1,
  2,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** One to four changes: bits, whole numbers, cuts, pieces repeated, and pieces of other streams. */
function damage(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let changed = Buffer.from(bytes);
  for (let left = 1 + random(4); left > 0 && changed.length > 0; left--) {
    const at = random(changed.length);
    const piece = changed.subarray(at, at + 1 + random(40));
    switch (random(6)) {
      case 0:
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << random(8)), at);
        break;
      case 1: {
        const number = Buffer.alloc(8);
        number.writeBigUInt64LE(BigInt(interesting[random(interesting.length)] ?? 0));
        number.copy(changed, at);
        break;
      }
      case 2:
        changed = Buffer.from(changed.subarray(0, at));
        break;
      case 3:
        changed = Buffer.concat([changed.subarray(0, at), piece, changed.subarray(at)]);
        break;
      case 4:
        changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + piece.length)]);
        break;
      default: {
        const other = others[random(others.length)] ?? bytes;
        const from = random(other.length);
        changed = Buffer.concat([
          changed.subarray(0, at),
          other.subarray(from, from + 40),
          changed.subarray(at),
        ]);
      }
    }
  }
  return changed;
}
