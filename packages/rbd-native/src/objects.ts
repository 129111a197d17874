import type { CallOptions } from "./call-options.ts";
import type { Watch } from "./image/watch.ts";
import { native } from "./internal/binding.ts";
import { leaveOnAbort } from "./internal/call.ts";
import { checkName } from "./internal/check.ts";
import { toRbdError } from "./internal/failure.ts";
import { type Place, specIn } from "./ioctx/place.ts";
import { listObjects } from "./objects/list.ts";
import { ObjectLock } from "./objects/object-lock.ts";
import {
  type ObjectStat,
  type OmapPage,
  type OmapRange,
  type ReadStep,
  readSteps,
} from "./objects/read-steps.ts";
import { type SparseData, sparseRead } from "./objects/sparse-read.ts";
import {
  type NotifyOptions,
  type NotifyResult,
  notifyObject,
  type ObjectListener,
  type WatchOptions,
  watchObject,
} from "./objects/watch.ts";
import { type WriteStep, writeSteps } from "./objects/write-steps.ts";

type Results<Steps extends readonly ReadStep<unknown>[]> = {
  -readonly [I in keyof Steps]: Steps[I] extends ReadStep<infer Result> ? Result : never;
};

/**
 * The RADOS objects of a pool's namespace. Every call is asynchronous down to the OSD: thousands may be in
 * flight. With a signal a call rejects at once; a write may still be carried out.
 */
export class ObjectStore {
  readonly #place: Place;

  /** Use {@link IoCtx.objects}. */
  constructor(place: Place) {
    this.#place = place;
  }

  /**
   * Does all steps at one moment and gives their results in order; fails as a whole. Wraps
   * rados_aio_read_op_operate.
   */
  async read<const Steps extends readonly ReadStep<unknown>[]>(
    object: string,
    steps: Steps,
    o?: CallOptions,
  ): Promise<Results<Steps>> {
    const call = "rados_aio_read_op_operate";
    checkName(call, this.#place.poolName, "object", object);
    o?.signal?.throwIfAborted();
    const described = steps.map((step) => step.native);
    const raw = await this.#settle(object, o, native.readObject(this.#place.handle, object, described, 0));
    return steps.map((step, i) => step.convert(raw[i])) as Results<Steps>;
  }

  /** Does all steps or none. Wraps rados_aio_write_op_operate. */
  async write(object: string, steps: readonly WriteStep[], o?: CallOptions): Promise<void> {
    await this.writeForVersion(object, steps, o);
  }

  /** The same, and the object's version after it, for `assertVersion`. Wraps rados_aio_get_version. */
  async writeForVersion(object: string, steps: readonly WriteStep[], o?: CallOptions): Promise<bigint> {
    const call = "rados_aio_write_op_operate";
    checkName(call, this.#place.poolName, "object", object);
    o?.signal?.throwIfAborted();
    const described = steps.map((step) => step.native);
    return await this.#settle(object, o, native.writeObject(this.#place.handle, object, described, 0));
  }

  async #settle<T>(object: string, o: CallOptions | undefined, pending: Promise<T>): Promise<T> {
    const spec = specIn(this.#place, object);
    if (o?.signal) return await leaveOnAbort(spec, o.signal, pending);
    try {
      return await pending;
    } catch (error) {
      throw toRbdError(error, spec);
    }
  }

  /** The names of all objects, a page at a time, in the order of their hashes. Wraps rados_object_list. */
  list(o?: CallOptions): AsyncIterable<string[]> {
    return listObjects(this.#place, o);
  }

  /** Is told of every {@link notify} until it is closed. Wraps rados_watch3, rados_notify_ack, rados_unwatch2. */
  watch(object: string, listener: ObjectListener, o?: WatchOptions): Promise<Watch> {
    return watchObject(this.#place, object, listener, o);
  }

  /** Tells all who watch the object and waits for their answers. Wraps rados_notify2. */
  notify(object: string, data: string | Uint8Array, o?: NotifyOptions): Promise<NotifyResult> {
    return notifyObject(this.#place, object, data, o);
  }

  /** An advisory lock on an object; several names make several locks. */
  lock(object: string, name: string): ObjectLock {
    return new ObjectLock(this.#place, object, name);
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

  /** The bytes of a range that the object holds, and where they are: holes cost nothing. At most 1 GiB. Wraps librados::IoCtx::aio_sparse_read. */
  async sparseRead(object: string, offset: number, length: number, o?: CallOptions): Promise<SparseData> {
    o?.signal?.throwIfAborted();
    return await this.#settle(object, o, sparseRead(this.#place, object, offset, length));
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
