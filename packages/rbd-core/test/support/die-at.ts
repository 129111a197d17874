import { flushCompileCache } from "node:module";
import { Image, IoCtx, type WriteStep } from "rbd-native";

interface Moment {
  /** Which one; the first without it. */
  readonly nth?: number;
  /** Right after it took effect, not before it. */
  readonly late?: boolean;
}

/** A call of the binding, by name. */
export interface DyingCall extends Moment {
  readonly call: Extract<keyof Image, string> | Extract<keyof IoCtx, string>;
}

/** In the middle of a rollback: when librbd has done that many of its steps, which are objects. */
export interface DyingRollback {
  readonly rollbackStep: number;
}

/** A change to an image's header past librbd that has a step of that method of the class `rbd`. */
export interface DyingChange extends Moment {
  readonly change: "metadata_set" | "metadata_remove" | "snapshot_rename";
}

/** Ends this process as the kernel would end it: nothing of it runs any more. */
export function die(): never {
  // A process that is killed would not keep what it compiled, and the next one would compile it again.
  flushCompileCache();
  process.kill(process.pid, "SIGKILL");
  throw new Error("a process outlived SIGKILL");
}

/** Has this process end itself at a call on any image or pool. */
export function dieAt(death: DyingCall): void {
  const { call } = death;
  const type = [Image, IoCtx].find(({ prototype }) => typeof Reflect.get(prototype, call) === "function");
  if (type === undefined) throw new Error(`${call} is no call`);
  dieIn(type.prototype, call, death, () => true);
}

/** Has this process end itself in the middle of a rollback. */
export function dieInRollback({ rollbackStep }: DyingRollback): void {
  const original = Image.prototype.rollback;
  Image.prototype.rollback = function (name, options) {
    const onProgress = ({ done }: { done: number }) => {
      if (done >= rollbackStep) die();
    };
    return Reflect.apply(original, this, [name, { ...options, onProgress }]);
  };
}

/** Has this process end itself at a change to any header. */
export function dieAtChange(death: DyingChange, { objects }: IoCtx): void {
  const isMeant = ([, steps]: readonly unknown[]) =>
    (steps as WriteStep[]).some(({ native: [kind, , method] }) => kind === "exec" && method === death.change);
  dieIn(Object.getPrototypeOf(objects), "write", death, isMeant);
}

function dieIn(
  prototype: object,
  name: string,
  { nth = 1, late = false }: Moment,
  isMeant: (args: readonly unknown[]) => boolean,
): void {
  const original = Reflect.get(prototype, name);
  let calls = 0;
  const replacement = async function (this: object, ...args: unknown[]): Promise<unknown> {
    const isLast = isMeant(args) && ++calls === nth;
    if (isLast && !late) die();
    const result: unknown = await Reflect.apply(original, this, args);
    return isLast ? die() : result;
  };
  Reflect.set(prototype, name, replacement);
}
