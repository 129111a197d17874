import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type IoCtx, writeSteps } from "rbd-native";
import type { z } from "zod";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import {
  breakDeadHolder,
  isHolderFenced,
  type LockClaim,
  readLockHolder,
  releaseLockStep,
  takeLockStep,
} from "./advisory-lock.ts";
import {
  decodeRecord,
  encodeRecord,
  leaseName,
  type OperationRecord,
  operationKey,
  operationsObject,
  readRecordBytes,
} from "./operation-record.ts";
import { isKnownDead, thisProcess } from "./process-identity.ts";

type Details = z.core.util.JSONType;

export interface OperationRequest {
  /** The image that is made or changed. */
  readonly image: ImageSpec;
  /** What the operation keeps others from doing to that image at the same time, such as `make` or `remove`. */
  readonly purpose: string;
  /** What is done, as `listOperations` shows it: `clone`, `copy`, … */
  readonly kind: string;
  /** What is needed to finish or undo it. */
  readonly details: Details;
  readonly signal?: AbortSignal | undefined;
  /** How long another process waits for a holder that gives no sign of life. Default 30. */
  readonly leaseSeconds?: number | undefined;
}

const defaultLeaseSeconds = 30;

/** How often the holder of a lease is looked at while its end is waited for. */
const pollMilliseconds = 250;

/**
 * Writes an operation's record, before the operation's first change, and takes the lease that goes with it: one write.
 * Whatever happens to this process from then on, the next call for the same image and purpose finds the record in
 * {@link Operation.interrupted}, and so does `listOperations`.
 *
 * An operation whose process is known to be dead is taken over at once, any other one when its lease has run out.
 *
 * @throws {CoppiceError} `BUSY` while another process works on it; `UNSUPPORTED` for the record of a newer version;
 * the signal's reason
 */
export async function beginOperation(cluster: Cluster, request: OperationRequest): Promise<Operation> {
  const { image, purpose, kind, details, signal } = request;
  const object = showImageSpec(image);
  const ioCtx = await cluster.pool(image.pool, image.namespace);
  const client = (await cluster.clientId()).toString(16);
  const fresh: OperationRecord = {
    version: 1,
    id: randomUUID(),
    kind,
    image: image.image,
    clients: [client],
    holder: thisProcess(),
    started: new Date().toISOString(),
    details,
  };
  const key = operationKey(image.image, purpose);
  const claim: LockClaim = {
    name: leaseName(key),
    cookie: fresh.id,
    description: kind,
    leaseSeconds: request.leaseSeconds ?? defaultLeaseSeconds,
  };
  const place = {
    ioCtx,
    image: { pool: image.pool, namespace: image.namespace, image: image.image },
    object,
    key,
    claim,
  };
  return await withCoppiceErrors({ object }, async () => {
    let [found, interrupted]: [Buffer | null, OperationRecord | null] = [null, null];
    for (;;) {
      signal?.throwIfAborted();
      const record = interrupted === null ? fresh : takenOver(interrupted, fresh);
      const bytes = encodeRecord(record);
      const begun = performance.now();
      const outcome = await tryToTake(place, found, bytes);
      if (outcome === "taken") return new Operation(place, record, bytes, interrupted, begun, signal);
      if (outcome === "held") await waitForHolder(cluster, place, signal);
      found = await readRecordBytes(ioCtx, key, signal);
      interrupted = found && decodeRecord(key, found);
    }
  });
}

interface OperationPlace {
  readonly ioCtx: IoCtx;
  readonly image: ImageSpec;
  /** The image, for messages. */
  readonly object: string;
  /** Of the record. */
  readonly key: string;
  readonly claim: LockClaim;
}

interface WrittenRecord {
  readonly record: OperationRecord;
  readonly bytes: Buffer;
}

/** The record of an interrupted operation as whoever takes it over writes it. */
function takenOver(interrupted: OperationRecord, by: OperationRecord): OperationRecord {
  const clients = [...new Set([...interrupted.clients, ...by.clients])];
  return { ...interrupted, id: by.id, clients, holder: by.holder };
}

/** Takes the lease and writes the record, if the record that stands there is still the one that was found. */
async function tryToTake(
  { ioCtx, key, claim }: OperationPlace,
  found: Buffer | null,
  bytes: Buffer,
): Promise<"taken" | "held" | "recorded"> {
  try {
    await ioCtx.objects.write(operationsObject, [
      writeSteps.create(),
      takeLockStep(claim, "never"),
      // An entry that is not there compares as an empty one.
      writeSteps.compareOmap(key, "equal", found ?? ""),
      writeSteps.setOmap(new Map([[key, bytes]])),
    ]);
    return "taken";
  } catch (error) {
    if (hasCode(error, "BUSY")) return "held";
    if (hasCode(error, "CANCELED")) return "recorded";
    // The answer may have been lost: nobody may take this for an operation that has begun.
    const put =
      found === null ? writeSteps.removeOmapKeys([key]) : writeSteps.setOmap(new Map([[key, found]]));
    const steps = [writeSteps.compareOmap(key, "equal", bytes), put, releaseLockStep(claim)];
    await Promise.allSettled([ioCtx.objects.write(operationsObject, steps)]);
    throw error;
  }
}

/** Waits until the lease is free. @throws {CoppiceError} `BUSY` once its holder gives a sign of life */
async function waitForHolder(
  cluster: Cluster,
  { ioCtx, object, key, claim: { name } }: OperationPlace,
  signal: AbortSignal | undefined,
): Promise<void> {
  const first = await readLockHolder(ioCtx, operationsObject, name, signal);
  if (first === null) return;
  const bytes = await readRecordBytes(ioCtx, key, signal);
  const record = bytes && decodeRecord(key, bytes);
  if (record !== null && record.id === first.cookie) {
    const isDead =
      isKnownDead(record.holder) ||
      (await isHolderFenced(cluster, { ioCtx, object: operationsObject, name }, first, signal));
    if (isDead && (await breakDeadHolder(cluster, { ioCtx, object: operationsObject, name }, first, signal)))
      return;
    if (!isDead && isOnThisMachine(record)) throw busy(object, record);
  }
  for (;;) {
    await delay(pollMilliseconds, undefined, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
    const now = await readLockHolder(ioCtx, operationsObject, name, signal);
    if (now === null) return;
    const isAlive = now.cookie !== first.cookie || now.expires?.getTime() !== first.expires?.getTime();
    if (isAlive) throw busy(object, record);
  }
}

/** Whether the holder is a process of this machine, and so one of which it would be known if it were dead. */
function isOnThisMachine({ holder }: OperationRecord): boolean {
  const here = thisProcess();
  return here.bootId !== "" && holder.bootId === here.bootId && holder.pidNamespace === here.pidNamespace;
}

function busy(object: string, record: OperationRecord | null): CoppiceError {
  const who =
    record === null
      ? "another process"
      : `process ${record.holder.pid} on ${record.holder.host} (${record.kind}, since ${record.started})`;
  return new CoppiceError({
    code: "BUSY",
    call: "beginOperation",
    object,
    message: `${who} is working on ${object}`,
    hint: "Wait for it to end, or end it.",
  });
}

/**
 * An operation that has begun and is recorded in the cluster. {@link end} removes the record; disposing without it gives
 * the lease back and leaves the record, so that the next call finishes or undoes what was begun.
 */
export class Operation implements AsyncDisposable {
  /** What an earlier run of the same purpose left: its client, its details. `null` when this is the first. */
  readonly interrupted: OperationRecord | null;
  /**
   * Aborted when the caller aborts, and with `LEASE_LOST` when another process may have taken the operation over:
   * nothing may be changed or undone any more then.
   */
  readonly signal: AbortSignal;
  readonly #place: OperationPlace;
  readonly #lost = new AbortController();
  readonly #renewal: NodeJS.Timeout;
  #record: OperationRecord;
  /** The record as it stands in the cluster. */
  #bytes: Buffer;
  /** When the lease was last known to begin anew, by `performance.now()`. */
  #leasedAt: number;
  /** Writes of this record come one after the other: each compares with the one before. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #isRenewing = false;
  #isOver = false;
  /** What the record may be by now, when a change of it failed without an answer. */
  #uncertain: WrittenRecord | undefined;
  /** A first attempt to end failed, and may have taken effect all the same. */
  #mayHaveEnded = false;

  /** Use {@link beginOperation} instead. */
  constructor(
    place: OperationPlace,
    record: OperationRecord,
    bytes: Buffer,
    interrupted: OperationRecord | null,
    leasedAt: number,
    signal: AbortSignal | undefined,
  ) {
    this.#place = place;
    this.#record = record;
    this.#bytes = bytes;
    this.interrupted = interrupted;
    this.#leasedAt = leasedAt;
    this.signal = signal === undefined ? this.#lost.signal : AbortSignal.any([signal, this.#lost.signal]);
    this.#renewal = setInterval(() => void this.#renew(), (place.claim.leaseSeconds * 1000) / 3);
    this.#renewal.unref();
  }

  /** The image that is made or changed. */
  get place(): ImageSpec {
    return this.#place.image;
  }

  /** As it stands in the cluster. */
  get record(): OperationRecord {
    return this.#record;
  }

  /** Whether another process may have taken the operation over, also when the caller has aborted it before. */
  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** @throws {CoppiceError} `LEASE_LOST` when another process may have taken the operation over */
  throwIfLost(): void {
    this.#lost.signal.throwIfAborted();
  }

  /**
   * Replaces what is recorded, and begins the lease anew.
   *
   * @throws {CoppiceError} `LEASE_LOST`; `OUT_OF_RANGE` for details that are too long
   */
  async update(details: Details, kind: string = this.#record.kind): Promise<void> {
    const record = { ...this.#record, kind, details };
    const bytes = encodeRecord(record);
    const put = writeSteps.setOmap(new Map([[this.#place.key, bytes]]));
    await this.#write([put, takeLockStep(this.#place.claim, "allowed")], { record, bytes });
  }

  /**
   * Removes the record: the operation is done, or undone. It can be called again when it failed.
   *
   * @throws {CoppiceError} `LEASE_LOST`
   */
  async end(): Promise<void> {
    if (this.#isOver && !this.#lost.signal.aborted) return;
    const { key, ioCtx } = this.#place;
    const remove = writeSteps.removeOmapKeys([key]);
    if (this.#mayHaveEnded && (await readRecordBytes(ioCtx, key)) === null) return this.#stop();
    try {
      await this.#write([remove, releaseLockStep(this.#place.claim)]);
    } catch (error) {
      this.#mayHaveEnded = true;
      // The lease ran out, and nobody took it.
      if (!hasCode(error, "NOT_FOUND")) throw error;
      await this.#write([remove]);
    }
    this.#stop();
  }

  /** Gives the lease back, and leaves the record unless the operation has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    this.#stop();
    await this.#lastWrite;
    const { ioCtx, claim } = this.#place;
    // When this fails the lease runs out. The reason why the operation did not end counts.
    await Promise.allSettled([ioCtx.objects.write(operationsObject, [releaseLockStep(claim)])]);
  }

  #stop(): void {
    this.#isOver = true;
    clearInterval(this.#renewal);
  }

  async #renew(): Promise<void> {
    if (performance.now() - this.#leasedAt > this.#place.claim.leaseSeconds * 1000) this.#lose();
    if (this.#isRenewing || this.#isOver || this.#lost.signal.aborted) return;
    this.#isRenewing = true;
    try {
      await this.#write([takeLockStep(this.#place.claim, "allowed")]);
    } catch {
      // The lease still runs; the next renewal tries again, or finds that the lease has run out.
    } finally {
      this.#isRenewing = false;
    }
  }

  /**
   * Writes if the record in the cluster is still this operation's.
   *
   * @param next What the record is after the write. A write without it leaves the record, or removes it.
   * @throws {CoppiceError} `LEASE_LOST`
   */
  #write(steps: Parameters<IoCtx["objects"]["write"]>[1], next?: WrittenRecord): Promise<void> {
    const { ioCtx, key } = this.#place;
    const write = async () => {
      this.throwIfLost();
      await this.#settleUncertain();
      const begun = performance.now();
      try {
        const isOwn = writeSteps.compareOmap(key, "equal", this.#bytes);
        await ioCtx.objects.write(operationsObject, [isOwn, ...steps]);
      } catch (error) {
        if (hasCode(error, "CANCELED") || hasCode(error, "BUSY")) this.#lose();
        this.throwIfLost();
        this.#uncertain = next;
        throw error;
      }
      this.#leasedAt = begun;
      if (next !== undefined) this.#adopt(next);
    };
    const writing = this.#lastWrite.then(write);
    this.#lastWrite = writing.catch(() => {});
    return writing;
  }

  /** The answer to the last change of the record was lost: finds out whether it took effect. */
  async #settleUncertain(): Promise<void> {
    const uncertain = this.#uncertain;
    if (uncertain === undefined) return;
    const { ioCtx, key } = this.#place;
    const bytes = await readRecordBytes(ioCtx, key);
    if (bytes?.equals(uncertain.bytes)) this.#adopt(uncertain);
    this.#uncertain = undefined;
  }

  #adopt({ record, bytes }: WrittenRecord): void {
    this.#record = record;
    this.#bytes = bytes;
  }

  #lose(): void {
    if (this.#lost.signal.aborted) return;
    this.#stop();
    const { object } = this.#place;
    this.#lost.abort(
      new CoppiceError({
        code: "LEASE_LOST",
        call: this.#record.kind,
        object,
        message: `another process may have taken over the work on ${object}, because this one could not renew its lease`,
        hint: "Make the same call again: it finds out what was done.",
      }),
    );
  }
}
