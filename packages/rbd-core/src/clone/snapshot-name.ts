import { randomBytes } from "node:crypto";

/** Where the time and the random part of a snapshot's name come from, so that a test can choose them. */
export interface NameSource {
  now(): Date;
  /** At least 32 random bits as lower-case hex digits. */
  randomHex(): string;
}

/** The clock, and 32 random bits. */
export const defaultNames: NameSource = {
  now: () => new Date(),
  randomHex: () => randomBytes(4).toString("hex"),
};

/**
 * A name for a snapshot that Coppice creates: `coppice-20260301T120000Z-9f3c01ab`, not among `taken`. The names that two
 * clients choose in the same second still differ by 32 random bits.
 */
export function newSnapshotName(taken: ReadonlySet<string>, source: NameSource): string {
  const time = source
    .now()
    .toISOString()
    .replace(/[-:]|\.\d+/g, "");
  for (;;) {
    const name = `coppice-${time}-${source.randomHex()}`;
    if (!taken.has(name)) return name;
  }
}
