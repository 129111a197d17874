import { createHash, randomUUID } from "node:crypto";
import { type IoCtx, writeSteps } from "rbd-native";
import { CoppiceError } from "../../errors/index.ts";
import { ignoreNotFound, readOmapValue } from "../../headers/index.ts";
import { type DigestManifest, decodeManifest, encodeManifest } from "../../transfer/index.ts";
import { type BackupRecord, decodeBackupRecord, encodeBackupRecord } from "../backup-record.ts";
import type { PointListing, PointProblem, SourceImage } from "../backup-target.ts";

// The records and digests of a pool's backups; docs/backup-format.md is normative for the objects and keys.

/** The object in whose omap the records of a pool and namespace stand. */
const recordsObject = "coppice.backups";

const recordPrefix = "backup/";
const recordKey = (id: string) => `${recordPrefix}${id}`;
const chainPrefix = (chain: string) => `chain/${chain}/`;
const sourcePrefix = ({ fsid, poolId, imageId }: SourceImage) => `source/${fsid}/${poolId}/${imageId}/`;

/** The keys under which a record is found, without the record's own. */
function indexKeys({ id, chain, source }: BackupRecord): string[] {
  return [`${chainPrefix(chain)}${id}`, `${sourcePrefix(source)}${id}`];
}

/** How many records are asked for by their keys at a time. */
const keysAtOnce = 500;

/**
 * The records of a place: all of them, those of one source, or those of one chain.
 *
 * @throws {RbdError}
 */
export async function readRecords(
  ioCtx: IoCtx,
  of: { readonly source: SourceImage } | { readonly chain: string } | "all",
  signal: AbortSignal | undefined,
): Promise<PointListing> {
  if (of === "all") return decodeAll(await readPrefix(ioCtx, recordPrefix, signal));
  const prefix = "source" in of ? sourcePrefix(of.source) : chainPrefix(of.chain);
  const keys = [...(await readPrefix(ioCtx, prefix, signal)).keys()];
  const wanted = keys.map((key) => recordKey(key.slice(prefix.length)));
  const values = new Map<string, Buffer>();
  for (let at = 0; at < wanted.length; at += keysAtOnce) {
    const some = wanted.slice(at, at + keysAtOnce);
    const read = await ioCtx.objects.readOmapValues(recordsObject, some, { signal });
    for (const [key, value] of read) values.set(key, value);
  }
  return decodeAll(values);
}

async function readPrefix(
  ioCtx: IoCtx,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Buffer>> {
  const read = await ignoreNotFound(() => ioCtx.objects.readAllOmap(recordsObject, { prefix }, { signal }));
  return read ?? new Map();
}

function decodeAll(entries: ReadonlyMap<string, Buffer>): PointListing {
  const points: BackupRecord[] = [];
  const problems: PointProblem[] = [];
  for (const [key, bytes] of entries) {
    try {
      points.push(decode(key.slice(recordPrefix.length), bytes));
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error;
      problems.push({ id: key.slice(recordPrefix.length), error });
    }
  }
  return { points, problems };
}

function decode(id: string, bytes: Uint8Array): BackupRecord {
  return decodeBackupRecord(`${JSON.stringify(recordKey(id))} in ${recordsObject}`, bytes);
}

/** One record; null when there is none. @throws {CoppiceError} `UNSUPPORTED` @throws {RbdError} */
export async function readRecord(
  ioCtx: IoCtx,
  id: string,
  signal: AbortSignal | undefined,
): Promise<BackupRecord | null> {
  const bytes = await readOmapValue(ioCtx, recordsObject, recordKey(id), signal);
  return bytes === null ? null : decode(id, bytes);
}

/**
 * Writes the record of a new point, with the keys under which it is found.
 *
 * @throws {RbdError} `CANCELED` when there is a record with that id
 */
export async function addRecord(ioCtx: IoCtx, record: BackupRecord): Promise<void> {
  const entries = new Map<string, Uint8Array | string>([[recordKey(record.id), encodeBackupRecord(record)]]);
  for (const key of indexKeys(record)) entries.set(key, "");
  // An entry that is not there compares as an empty one.
  const isNew = writeSteps.compareOmap(recordKey(record.id), "equal", "");
  await ioCtx.objects.write(recordsObject, [writeSteps.create(), isNew, writeSteps.setOmap(entries)]);
}

/** Replaces records that are there: all of them, or none. */
export async function replaceRecords(ioCtx: IoCtx, records: readonly BackupRecord[]): Promise<void> {
  // The OSDs know no "different" for an omap; every value is greater than that of an entry that is not there.
  const areThere = records.map(({ id }) => writeSteps.compareOmap(recordKey(id), "greater", ""));
  const entries = new Map(records.map((record) => [recordKey(record.id), encodeBackupRecord(record)]));
  await ioCtx.objects.write(recordsObject, [...areThere, writeSteps.setOmap(entries)]);
}

/** Removes a record with the keys under which it is found. */
export async function removeRecord(ioCtx: IoCtx, record: BackupRecord): Promise<void> {
  const keys = [recordKey(record.id), ...indexKeys(record)];
  await ioCtx.objects.write(recordsObject, [writeSteps.removeOmapKeys(keys)]);
}

/** The bytes of one part of a manifest. The OSDs refuse much larger writes. */
const partBytes = 16 * 1024 ** 2;

const partObject = (id: string, generation: string, part: number) =>
  `coppice.digests.${id}.${generation}.${part}`;

/** A name for new digests of a point, before they are written. */
export function newGeneration(): string {
  return randomUUID();
}

/** Writes the digests of a point, part by part, and returns what its record says of them. @throws {RbdError} */
export async function writeDigests(
  ioCtx: IoCtx,
  id: string,
  generation: string,
  manifest: DigestManifest,
): Promise<BackupRecord["digests"]> {
  const bytes = encodeManifest(manifest);
  for (let part = 0; part * partBytes < bytes.length; part++) {
    const some = bytes.subarray(part * partBytes, (part + 1) * partBytes);
    await ioCtx.objects.writeFull(partObject(id, generation, part), some);
  }
  return { generation, bytes: bytes.length, sha256: sha256(bytes) };
}

/**
 * The digests of a point.
 *
 * @throws {CoppiceError} `NOT_FOUND` when a part is missing, `IO` when they are not those that the record describes
 */
export async function readDigests(
  ioCtx: IoCtx,
  { id, digests }: Pick<BackupRecord, "id" | "digests">,
  signal: AbortSignal | undefined,
): Promise<DigestManifest> {
  const parts: Buffer[] = [];
  for (let part = 0; part * partBytes < digests.bytes; part++) {
    const object = partObject(id, digests.generation, part);
    const bytes = await ignoreNotFound(() => ioCtx.objects.readData(object, 0, partBytes, { signal }));
    if (bytes === null) throw brokenDigests(id, "NOT_FOUND", `their part ${object} is missing`);
    parts.push(bytes);
  }
  const bytes = Buffer.concat(parts);
  if (bytes.length === digests.bytes && sha256(bytes) === digests.sha256) return decodeManifest(bytes);
  throw brokenDigests(id, "IO", "they are not the ones that were written with the backup");
}

function brokenDigests(id: string, code: "NOT_FOUND" | "IO", problem: string): CoppiceError {
  return new CoppiceError({
    code,
    call: "readDigests",
    object: id,
    message: `the digests of the backup ${id} cannot be used: ${problem}`,
    hint: "The data may be whole all the same, but nothing proves it. Make a full backup.",
  });
}

/** Removes one generation of a point's digests, however many parts of it there are, the last one first. */
export async function removeDigests(ioCtx: IoCtx, id: string, generation: string): Promise<void> {
  let count = 0;
  while ((await ignoreNotFound(() => ioCtx.objects.stat(partObject(id, generation, count)))) !== null)
    count++;
  while (count-- > 0) await ignoreNotFound(() => ioCtx.objects.remove(partObject(id, generation, count)));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
