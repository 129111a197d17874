import type { Watch } from "../image/watch.ts";
import { native } from "../internal/binding.ts";
import { type CallOptions, outcome, read, settle } from "../internal/call.ts";
import { checkCount, checkName, refuse } from "../internal/check.ts";
import type { CursorRef } from "../internal/native-types.ts";
import { type OpenPool, spec, specIn } from "../internal/open-pool.ts";
import { ObjectLock } from "./object-lock.ts";
import {
  checkSteps,
  type ObjectStat,
  type OmapPage,
  type OmapRange,
  type ReadStep,
  readSteps,
  type WriteStep,
  writeSteps,
} from "./steps.ts";
import {
  type NotifyOptions,
  type NotifyResult,
  notifyObject,
  type ObjectListener,
  type WatchOptions,
  watchObject,
} from "./watch.ts";

type Results<Steps extends readonly ReadStep<unknown>[]> = {
  -readonly [I in keyof Steps]: Steps[I] extends ReadStep<infer Result> ? Result : never;
};

/**
 * The RADOS objects of a pool's namespace. Every call is asynchronous down to the OSD: thousands may be in
 * flight. Arguments that are not valid, those of the steps included, are refused (INVALID_ARGUMENT) before anything is
 * sent.
 */
export class ObjectStore {
  readonly #pool: OpenPool;

  /** Use {@link IoCtx.objects}. */
  constructor(pool: OpenPool) {
    this.#pool = pool;
  }

  /**
   * Performs all steps atomically and returns their results in order; fails as a whole. Wraps
   * rados_aio_read_op_operate.
   */
  async read<const Steps extends readonly ReadStep<unknown>[]>(
    object: string,
    steps: Steps,
    o?: CallOptions,
  ): Promise<Results<Steps>> {
    const call = "rados_aio_read_op_operate";
    const spec = specIn(this.#pool, checkName(call, this.#pool.poolName, "object", object));
    const checked = checkSteps("read", call, spec, steps);
    o?.signal?.throwIfAborted();
    const raw = await settle(spec, o?.signal, native.readObject(this.#pool.handle, object, checked, 0));
    return steps.map((step, i) => step.convert(raw[i])) as Results<Steps>;
  }

  /** Performs all steps atomically, or none. Wraps rados_aio_write_op_operate. */
  async write(object: string, steps: readonly WriteStep[], o?: CallOptions): Promise<void> {
    await this.writeForVersion(object, steps, o);
  }

  /** As {@link write}, and returns the object's new version, for `assertVersion`. Wraps rados_aio_get_version. */
  async writeForVersion(object: string, steps: readonly WriteStep[], o?: CallOptions): Promise<bigint> {
    const call = "rados_aio_write_op_operate";
    const spec = specIn(this.#pool, checkName(call, this.#pool.poolName, "object", object));
    const checked = checkSteps("write", call, spec, steps);
    o?.signal?.throwIfAborted();
    return await outcome(spec, native.writeObject(this.#pool.handle, object, checked, 0));
  }

  /** The names of all objects, a page at a time, in the order of their hashes. Wraps rados_object_list. */
  list(o?: CallOptions): AsyncIterable<string[]> {
    return listObjects(this.#pool, o);
  }

  /** Calls the listener for every {@link notify} until the watch is closed. Wraps rados_watch3, rados_notify_ack, rados_unwatch2. */
  watch(object: string, listener: ObjectListener, o?: WatchOptions): Promise<Watch> {
    return watchObject(this.#pool, object, listener, o);
  }

  /** Notifies all clients that watch the object, and waits for their replies. Wraps rados_notify2. */
  notify(object: string, data: string | Uint8Array, o?: NotifyOptions): Promise<NotifyResult> {
    return notifyObject(this.#pool, object, data, o);
  }

  /** An advisory lock on an object; several names make several locks. */
  lock(object: string, name: string): ObjectLock {
    return new ObjectLock(this.#pool, object, name);
  }

  /** One page of the object's map: as much as the OSD gives at once. */
  async readOmap(object: string, range?: OmapRange, o?: CallOptions): Promise<OmapPage> {
    const [page] = await this.read(object, [readSteps.omap(range)], o);
    return page;
  }

  /** The whole map (with a prefix: that part), page by page. Rejects with NOT_FOUND without the object. */
  async readAllOmap(
    object: string,
    range?: Omit<OmapRange, "limit">,
    o?: CallOptions,
  ): Promise<Map<string, Buffer>> {
    const { entries, more } = await this.readOmap(object, range, o);
    for (let left = more; left; ) {
      const startAfter = [...entries.keys()].at(-1);
      const next = await this.readOmap(object, { ...range, startAfter }, o);
      for (const [key, value] of next.entries) entries.set(key, value);
      left = next.more && next.entries.size > 0;
    }
    return entries;
  }

  /** The values of some keys, those that are there. */
  async readOmapValues(
    object: string,
    keys: readonly string[],
    o?: CallOptions,
  ): Promise<Map<string, Buffer>> {
    const [values] = await this.read(object, [readSteps.omapValues(keys)], o);
    return values;
  }

  /** All extended attributes. */
  async readXattrs(object: string, o?: CallOptions): Promise<Map<string, Buffer>> {
    const [xattrs] = await this.read(object, [readSteps.xattrs()], o);
    return xattrs;
  }

  async stat(object: string, o?: CallOptions): Promise<ObjectStat> {
    const [stat] = await this.read(object, [readSteps.stat()], o);
    return stat;
  }

  /** Bytes of the object, fewer where it ends earlier. */
  async readData(object: string, offset: number, length: number, o?: CallOptions): Promise<Buffer> {
    const [data] = await this.read(object, [readSteps.read(offset, length)], o);
    return data;
  }

  /** The bytes of a range that the object holds, and their offsets, without its holes. At most 1 GiB. Wraps librados::IoCtx::aio_sparse_read. */
  async sparseRead(object: string, offset: number, length: number, o?: CallOptions): Promise<SparseData> {
    return await sparseRead(this.#pool, object, offset, length, o);
  }

  /** Calls a method of an object class that only reads. */
  async exec(
    object: string,
    className: string,
    method: string,
    input?: Uint8Array,
    o?: CallOptions,
  ): Promise<Buffer> {
    const [output] = await this.read(object, [readSteps.exec(className, method, input)], o);
    return output;
  }

  /** Replaces the object's data, making the object. */
  writeFull(object: string, data: string | Uint8Array, o?: CallOptions): Promise<void> {
    return this.write(object, [writeSteps.writeFull(data)], o);
  }

  /** Sets entries of the object's map, making the object. */
  setOmap(object: string, entries: ReadonlyMap<string, string | Uint8Array>, o?: CallOptions): Promise<void> {
    return this.write(object, [writeSteps.setOmap(entries)], o);
  }

  removeOmapKeys(object: string, keys: readonly string[], o?: CallOptions): Promise<void> {
    return this.write(object, [writeSteps.removeOmapKeys(keys)], o);
  }

  setXattr(object: string, name: string, value: string | Uint8Array, o?: CallOptions): Promise<void> {
    return this.write(object, [writeSteps.setXattr(name, value)], o);
  }

  remove(object: string, o?: CallOptions): Promise<void> {
    return this.write(object, [writeSteps.remove()], o);
  }
}

/** The data that an object holds in a range. Offsets and lengths in bytes. */
export interface SparseData {
  /** The bytes of all extents, one after the other. */
  readonly data: Buffer;
  /** Ascending; the ranges between them were never written, or were discarded, and read as zeroes. */
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
}

const MOST = 2 ** 30;

async function sparseRead(
  pool: OpenPool,
  object: string,
  offset: number,
  length: number,
  o: CallOptions | undefined,
): Promise<SparseData> {
  const call = "librados::IoCtx::aio_sparse_read";
  const spec = specIn(pool, checkName(call, pool.poolName, "object", object));
  checkCount(call, spec, "offset", offset);
  checkCount(call, spec, "length", length);
  if (length > MOST) refuse(call, spec, `length ${length} is more than the ${MOST} of one call`);
  o?.signal?.throwIfAborted();
  const reading = native.sparseReadObject(pool.handle, object, offset, length);
  const { data, extents } = await settle(spec, o?.signal, reading);
  const pairs = Array.from({ length: extents.length / 2 }, (_, i) => ({
    offset: extents[2 * i] as number,
    length: extents[2 * i + 1] as number,
  }));
  return { data, extents: pairs };
}

const PAGE = 1000;

async function* listObjects(pool: OpenPool, o?: CallOptions): AsyncGenerator<string[], void> {
  let cursor: CursorRef | undefined;
  while (true) {
    const page = await read(spec(pool), o, (operation) =>
      native.listObjects(pool.handle, cursor, PAGE, operation),
    );
    if (page.names.length > 0) yield page.names;
    if (page.next === null) return;
    cursor = page.next;
  }
}
