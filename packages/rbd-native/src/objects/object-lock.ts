import { native } from "../internal/binding.ts";
import { type CallOptions, change, read } from "../internal/call.ts";
import { checkCount, checkName, checkText } from "../internal/check.ts";
import { type OpenPool, spec, specIn } from "../internal/open-pool.ts";

export interface Locker {
  /** `client.4123`, as {@link Image.breakLock} takes it. */
  readonly client: string;
  readonly cookie: string;
  readonly address: string;
}

export interface LockInfo {
  readonly exclusive: boolean;
  /** The tag that the holders of a shared lock have in common. */
  readonly tag: string;
  readonly lockers: readonly Locker[];
}

export interface LockOptions extends CallOptions {
  /** Tells the holders of one client apart: one client may hold several locks under different cookies. */
  readonly cookie: string;
  /** A text for administrators. */
  readonly description?: string | undefined;
  /** Seconds after which the lock expires; without it the lock is held until it is unlocked. */
  readonly seconds?: number | undefined;
  /** Extend the lock when this client and cookie already hold it. */
  readonly renew?: boolean | undefined;
}

/** An advisory lock on an object: it excludes only clients that take it as well. */
export class ObjectLock {
  readonly #pool: OpenPool;
  readonly #object: string;
  readonly #name: string;

  /** Use {@link ObjectStore.lock}. */
  constructor(pool: OpenPool, object: string, name: string) {
    this.#pool = pool;
    this.#object = checkName("rados_lock_exclusive", spec(pool), "object", object);
    this.#name = checkName("rados_lock_exclusive", specIn(pool, object), "name", name);
  }

  get #spec(): string {
    return `${specIn(this.#pool, this.#object)} lock ${this.#name}`;
  }

  /** Rejects with BUSY while another holds it, EXISTS when it is held already. Wraps rados_lock_exclusive. */
  exclusive(o: LockOptions): Promise<void> {
    return this.#take("rados_lock_exclusive", undefined, o);
  }

  /** Shared with all clients that give the same tag. Wraps rados_lock_shared. */
  async shared(tag: string, o: LockOptions): Promise<void> {
    await this.#take("rados_lock_shared", checkText("rados_lock_shared", this.#spec, "tag", tag), o);
  }

  async #take(call: string, tag: string | undefined, o: LockOptions): Promise<void> {
    const cookie = checkText(call, this.#spec, "cookie", o.cookie);
    const description = checkText(call, this.#spec, "description", o.description ?? "");
    const seconds = checkCount(call, this.#spec, "seconds", o.seconds ?? 0);
    const { handle } = this.#pool;
    await change(this.#spec, o, (operation) =>
      native.lockObject(
        handle,
        this.#object,
        this.#name,
        cookie,
        tag,
        description,
        seconds,
        o.renew === true,
        operation,
      ),
    );
  }

  /** Rejects with NOT_FOUND when it is not held under this cookie. Wraps rados_unlock. */
  async unlock(cookie: string, o?: CallOptions): Promise<void> {
    checkText("rados_unlock", this.#spec, "cookie", cookie);
    await change(this.#spec, o, (operation) =>
      native.unlockObject(this.#pool.handle, this.#object, this.#name, cookie, operation),
    );
  }

  /** Takes it away from another client. Wraps rados_break_lock. */
  async break(client: string, cookie: string, o?: CallOptions): Promise<void> {
    checkName("rados_break_lock", this.#spec, "client", client);
    checkText("rados_break_lock", this.#spec, "cookie", cookie);
    await change(this.#spec, o, (operation) =>
      native.breakObjectLock(this.#pool.handle, this.#object, this.#name, cookie, client, operation),
    );
  }

  /** The clients that hold the lock. Wraps rados_list_lockers. */
  info(o?: CallOptions): Promise<LockInfo> {
    return read(this.#spec, o, (operation) =>
      native.listObjectLockers(this.#pool.handle, this.#object, this.#name, operation),
    );
  }
}
