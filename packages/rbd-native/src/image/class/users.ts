import type { CallOptions } from "../../call-options.ts";
import { native } from "../../internal/binding.ts";
import { change, read } from "../../internal/call.ts";
import * as locks from "../locks.ts";
import * as watch from "../watch.ts";
import { ImageWork } from "./work.ts";

/** Who uses it: watchers, locks, and who wants to hear of changes. */
export abstract class ImageUsers extends ImageWork {
  /** Who has the image open for writing; this handle is among them unless it is read-only. Wraps rbd_watchers_list. */
  listWatchers(o?: CallOptions): Promise<locks.Watcher[]> {
    return read(this.opened.spec, o, (operation) => native.listWatchers(this.opened.handle, operation));
  }

  /** The advisory locks on the image. Wraps rbd_list_lockers. */
  lockInfo(o?: CallOptions): Promise<locks.LockInfo> {
    return read(this.opened.spec, o, (operation) => native.listLockers(this.opened.handle, operation));
  }

  /** Takes the advisory lock alone. Wraps rbd_lock_exclusive. */
  lockExclusive(cookie: string, o?: CallOptions): Promise<void> {
    return locks.lockExclusive(this.opened, cookie, o);
  }

  /** Takes the advisory lock with all who give the same tag. Wraps rbd_lock_shared. */
  lockShared(cookie: string, tag: string, o?: CallOptions): Promise<void> {
    return locks.lockShared(this.opened, cookie, tag, o);
  }

  /** Wraps rbd_unlock. */
  unlock(cookie: string, o?: CallOptions): Promise<void> {
    return locks.unlock(this.opened, cookie, o);
  }

  /** Takes the advisory lock away from another client. Wraps rbd_break_lock. */
  breakLock(client: string, cookie: string, o?: CallOptions): Promise<void> {
    return locks.breakLock(this.opened, client, cookie, o);
  }

  /** Whether this handle holds the lock of the exclusive-lock feature. Wraps rbd_is_exclusive_lock_owner. */
  isExclusiveLockOwner(o?: CallOptions): Promise<boolean> {
    return read(this.opened.spec, o, (operation) =>
      native.isExclusiveLockOwner(this.opened.handle, operation),
    );
  }

  /** Who holds the lock of the exclusive-lock feature, undefined when nobody does. Wraps rbd_lock_get_owners. */
  exclusiveLockOwner(o?: CallOptions): Promise<string | undefined> {
    return locks.exclusiveLockOwner(this.opened, o);
  }

  /** Takes the lock of the exclusive-lock feature; its owner is asked to give it up. Wraps rbd_lock_acquire. */
  acquireExclusiveLock(o?: CallOptions): Promise<void> {
    return change(this.opened.spec, o, (operation) =>
      native.acquireExclusiveLock(this.opened.handle, operation),
    );
  }

  /** Wraps rbd_lock_release. */
  releaseExclusiveLock(o?: CallOptions): Promise<void> {
    return change(this.opened.spec, o, (operation) =>
      native.releaseExclusiveLock(this.opened.handle, operation),
    );
  }

  /** Takes the lock of the exclusive-lock feature away; the cluster shuts its owner out. Wraps rbd_lock_break. */
  breakExclusiveLock(owner: string, o?: CallOptions): Promise<void> {
    return locks.breakExclusiveLock(this.opened, owner, o);
  }

  /** Goes on for ever: one turn for each change of the image by anybody, or for several at once. Wraps rbd_update_watch and rbd_update_unwatch. */
  watchUpdates(o?: CallOptions): AsyncIterable<void> {
    return watch.watchUpdates(this.opened, o);
  }

  /** Is asked to come to rest before a snapshot is taken. Wraps rbd_quiesce_watch, rbd_quiesce_complete and rbd_quiesce_unwatch. */
  watchQuiesce(listener: watch.QuiesceListener): Promise<watch.Watch> {
    return watch.watchQuiesce(this.opened, listener);
  }
}
