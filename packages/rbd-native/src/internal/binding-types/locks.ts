import type { ImageRef, Operation } from "./refs.ts";

export interface LockBinding {
  listLockers(
    image: ImageRef,
    operation: Operation,
  ): Promise<{
    exclusive: boolean;
    tag: string;
    lockers: { client: string; cookie: string; address: string }[];
  }>;
  lockExclusive(image: ImageRef, cookie: string, operation: Operation): Promise<void>;
  lockShared(image: ImageRef, cookie: string, tag: string, operation: Operation): Promise<void>;
  unlock(image: ImageRef, cookie: string, operation: Operation): Promise<void>;
  breakLock(image: ImageRef, client: string, cookie: string, operation: Operation): Promise<void>;
  isExclusiveLockOwner(image: ImageRef, operation: Operation): Promise<boolean>;
  acquireExclusiveLock(image: ImageRef, operation: Operation): Promise<void>;
  releaseExclusiveLock(image: ImageRef, operation: Operation): Promise<void>;
  exclusiveLockOwners(image: ImageRef, operation: Operation): Promise<string[]>;
  breakExclusiveLock(image: ImageRef, owner: string, operation: Operation): Promise<void>;
}
