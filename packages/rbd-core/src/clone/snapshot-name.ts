/** Where time and chance come from, so that tests can say. */
export interface NameSource {
  now(): Date;
  /** At least 32 random bits as lower-case hex digits. */
  randomHex(): string;
}

/**
 * A name for a snapshot that Coppice makes: `coppice-20260301T120000Z-9f3c01ab`, not among `taken`. Two clients
 * that ask in the same second still differ by 32 random bits.
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
