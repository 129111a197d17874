import { Image, IoCtx, type WriteStep } from "rbd-native";
import { die } from "./die-at.ts";

/** The calls of the binding that change a cluster, by the class that has them. */
const changes: readonly (readonly [type: { prototype: object }, names: readonly string[]])[] = [
  [
    IoCtx,
    [
      "createImage",
      "cloneImage",
      "clone",
      "renameImage",
      "removeImage",
      "trashMove",
      "trashRestore",
      "trashRemove",
    ],
  ],
  [
    Image,
    [
      "resize",
      "flatten",
      "createSnapshot",
      "removeSnapshot",
      "renameSnapshot",
      "protectSnapshot",
      "unprotectSnapshot",
      "rollback",
      "setMetadata",
      "removeMetadata",
      "breakLock",
    ],
  ],
];

/**
 * Has this process end itself at the nth change to a cluster (from 1), whatever the call, or right after it took effect.
 * Writes to RADOS objects, such as those of an operation's record, count as well.
 */
export function dieAtNthChange(nth: number, late: boolean, { objects }: IoCtx): void {
  let count = 0;
  const wrap = (prototype: object, name: string, counts: (args: unknown[]) => boolean = () => true) => {
    const original: unknown = Reflect.get(prototype, name);
    if (typeof original !== "function") return;
    Reflect.set(prototype, name, async function (this: object, ...args: unknown[]): Promise<unknown> {
      const isLast = counts(args) && ++count === nth;
      if (isLast && !late) die();
      const result: unknown = await Reflect.apply(original, this, args);
      return isLast ? die() : result;
    });
  };
  for (const [{ prototype }, names] of changes) for (const name of names) wrap(prototype, name);
  // The renewal of a lease comes with time, not with an operation's steps.
  const isRenewal = ([, steps]: unknown[]) =>
    (steps as WriteStep[]).length === 2 && (steps as WriteStep[])[1]?.native[2] === "lock";
  wrap(Object.getPrototypeOf(objects), "write", (args) => !isRenewal(args));
}
