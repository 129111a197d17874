import { createHash } from "node:crypto";
import { type IoCtx, readSteps } from "rbd-native";
import { z } from "zod";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { ignoreNotFound } from "../headers/index.ts";
import { type LockHolder, readLockHolder } from "./advisory-lock.ts";
import { processIdentitySchema } from "./process-identity.ts";

/** The object of each pool and namespace in whose omap the records stand: one entry an operation, by its key. */
export const operationsObject = "coppice.operations";

/** The most bytes of one record. */
const maximumBytes = 64 * 1024;

const schema = z.strictObject({
  version: z.literal(1),
  /** Random; tells this run from a later one of the same key. */
  id: z.uuid(),
  kind: z.string().regex(/^[a-z][a-z-]*$/),
  /** The image in the record's own pool and namespace that is made or changed. */
  image: z.string().min(1),
  /**
   * The RADOS clients that have worked on this, the newest last, as hexadecimal numbers: an image that one of them
   * created carries that number in its id (see `isIdMadeBy`).
   */
  clients: z.array(z.string().regex(/^[0-9a-f]{1,16}$/)).min(1),
  /** The process that has worked on this last. */
  holder: processIdentitySchema,
  started: z.iso.datetime(),
  /** What the kind of operation needs to be finished or undone: arguments, ids, how far it is. */
  details: z.json(),
});

/** What stands in the cluster from before an operation's first change until after its last. */
export type OperationRecord = z.infer<typeof schema>;

/**
 * One image has at most one operation of each purpose at a time: everything that makes an image has the purpose `make`,
 * everything that removes it `remove`. No image's name contains a slash.
 */
export function operationKey(image: string, purpose: string): string {
  return `${image}/${purpose}`;
}

/** The longest key that is itself the name of its lease. An OSD limits the names of attributes, which locks are, to 100 bytes. */
const longestLeaseName = 64;

/** The name of the advisory lock that is the lease of the operation with that key. */
export function leaseName(key: string): string {
  if (Buffer.byteLength(key) <= longestLeaseName) return key;
  return createHash("sha256").update(key).digest("hex");
}

/** The image and purpose of a key. */
export function splitOperationKey(key: string): { image: string; purpose: string } {
  const slash = key.lastIndexOf("/");
  return { image: key.slice(0, Math.max(0, slash)), purpose: key.slice(slash + 1) };
}

/** @throws {CoppiceError} `OUT_OF_RANGE` for a record that is too large to keep */
export function encodeRecord(record: OperationRecord): Buffer {
  const bytes = Buffer.from(JSON.stringify(schema.parse(record)));
  if (bytes.length <= maximumBytes) return bytes;
  throw new CoppiceError({
    code: "OUT_OF_RANGE",
    call: "encodeRecord",
    object: record.image,
    message: `the record of the operation ${record.kind} would have ${bytes.length} bytes, more than ${maximumBytes}`,
    hint: "Give shorter arguments.",
  });
}

/**
 * Reads a record back.
 *
 * @throws {CoppiceError} `UNSUPPORTED` when it is not one that this version writes: what it stands for must not be
 * touched then
 */
export function decodeRecord(key: string, bytes: Uint8Array): OperationRecord {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (error) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "decodeRecord",
      object: key,
      message: `the record of an operation, ${JSON.stringify(key)} in ${operationsObject}, cannot be read`,
      hint: "A newer version of Coppice may have written it. Finish the operation with that version.",
      cause: error,
    });
  }
}

/** An operation that has begun and not ended, as it stands in the cluster. */
export interface RecordedOperation {
  readonly key: string;
  /** `null` when it cannot be read, for the reason in `error`. */
  readonly record: OperationRecord | null;
  readonly error: CoppiceError | null;
  /** The holder of its lease; `null` when nobody works on it any more: it was interrupted. */
  readonly leaseHolder: LockHolder | null;
}

/** The operations of a pool and namespace, or those on one image, by key. @throws {RbdError} */
export async function readOperations(
  ioCtx: IoCtx,
  options: { readonly image?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<RecordedOperation[]> {
  const { image, signal } = options;
  const prefix = image === undefined ? "" : operationKey(image, "");
  const recorded: RecordedOperation[] = [];
  for (let startAfter = "", more = true; more; ) {
    const step = readSteps.omap({ prefix, startAfter });
    const read = await ignoreNotFound(() => ioCtx.objects.read(operationsObject, [step], { signal }));
    if (read === null) break;
    const [page] = read;
    const entries = [...page.entries];
    const leases = entries.map(([key]) => readLockHolder(ioCtx, operationsObject, leaseName(key), signal));
    const holders = await allSettledOrThrow(leases);
    for (const [index, [key, bytes]] of entries.entries()) {
      recorded.push({ key, ...tryDecodeRecord(key, bytes), leaseHolder: holders[index] ?? null });
    }
    startAfter = entries.at(-1)?.[0] ?? "";
    more = page.more && entries.length > 0;
  }
  return recorded;
}

function tryDecodeRecord(key: string, bytes: Uint8Array): Pick<RecordedOperation, "record" | "error"> {
  try {
    return { record: decodeRecord(key, bytes), error: null };
  } catch (error) {
    if (error instanceof CoppiceError) return { record: null, error };
    throw error;
  }
}

/**
 * The operation of one purpose on an image, or `null`: one read where there is none.
 *
 * @throws {RbdError}
 */
export async function readOperation(
  ioCtx: IoCtx,
  image: string,
  purpose: string,
  signal?: AbortSignal,
): Promise<RecordedOperation | null> {
  const key = operationKey(image, purpose);
  const bytes = await readRecordBytes(ioCtx, key, signal);
  if (bytes === null) return null;
  const leaseHolder = await readLockHolder(ioCtx, operationsObject, leaseName(key), signal);
  return { key, ...tryDecodeRecord(key, bytes), leaseHolder };
}

/** The record under a key as it stands, byte by byte; `null` when there is none. @throws {RbdError} */
export async function readRecordBytes(
  ioCtx: IoCtx,
  key: string,
  signal?: AbortSignal,
): Promise<Buffer | null> {
  const step = readSteps.omapValues([key]);
  const read = await ignoreNotFound(() => ioCtx.objects.read(operationsObject, [step], { signal }));
  return read?.[0].get(key) ?? null;
}

/** The longest id that librbd gives an image. (`RBD_MAX_IMAGE_ID_LENGTH`) */
const maximumIdLength = 14;

/**
 * Whether an image's id is one that librbd makes up when this RADOS client creates an image: the client's number and up
 * to eight random digits, all hexadecimal, of which the last 14 are kept. (`librbd::util::generate_image_id`, Ceph 12 to
 * 20) It is known before the image is there, so an image that was created and never noted can be told from anybody
 * else's. Short client numbers can begin longer ones, so look at what the image holds as well.
 */
export function isIdMadeBy(imageId: string, client: string): boolean {
  for (let digits = 1; digits <= 8 && digits < imageId.length; digits++) {
    const random = imageId.slice(-digits);
    if (digits > 1 && random.startsWith("0")) continue;
    if (`${client}${random}`.slice(-maximumIdLength) === imageId) return true;
  }
  return false;
}
